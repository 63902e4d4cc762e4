"""Begin and end of a run: starts the machine of a plan, on another ssh port when somebody took ours meanwhile."""

import logging
import os

import msgspec

from limavm.driver import Hypervisor, PortTakenError, VirtualMachine
from limavm.errors import UserError
from limavm.host import paths
from limavm.host.net import free_tcp_port
from limavm.hostagent import vnc
from limavm.model.host import HostFacts
from limavm.model.plan import Plan
from limavm.store.plan import save_machine

log = logging.getLogger(__name__)

_TRIES = 5


async def running(hypervisor: Hypervisor, plan: Plan, host: HostFacts) -> tuple[Plan, VirtualMachine]:
    """The started machine, and the plan with the port that it uses.

    Raises UserError when the hypervisor does not start; PortTakenError is one, for a port that was
    asked for or when none of several was free.
    """
    for left in range(_TRIES - 1, -1, -1):
        # Before the start, so that a machine whose agent is killed right after can be adopted.
        plan = save_machine(plan, plan.machine)
        _forget(plan.machine.directory)
        try:
            return plan, await hypervisor.start(plan.machine, host)
        except PortTakenError:
            if plan.fixed_ssh_port or not left:
                raise
            log.warning("Port %d was taken meanwhile; trying another", plan.machine.nic.ssh_port)
            nic = msgspec.structs.replace(plan.machine.nic, ssh_port=free_tcp_port())
            plan = msgspec.structs.replace(plan, machine=msgspec.structs.replace(plan.machine, nic=nic))
    raise AssertionError("the loop returns or raises")


async def end_of(vm: VirtualMachine) -> str | None:
    """Return when the machine has ended: None as it should, else why; one that could not be started again has ended."""
    try:
        return await vm.wait()
    except UserError as error:
        return str(error)


def _forget(directory: str) -> None:
    """Remove what is of an earlier run: ssh would refuse to be master beside its control socket."""
    vnc.forget(directory)
    path = os.path.join(directory, paths.SSH_SOCK)
    if os.path.lexists(path):
        os.unlink(path)
