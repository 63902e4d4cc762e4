"""Reads and replaces the plan of the run, and what follows from it: `ssh.config`."""

import os

import msgspec

from limavm.errors import UserError
from limavm.host import paths
from limavm.host.files import write_atomic
from limavm.model.instance import hostname_of
from limavm.model.machine import Machine
from limavm.model.plan import Plan
from limavm.ssh.config import config_text

_HINT = "start the instance with `limactl start`; if it is running already, `limactl stop -f` ends it"


def load_plan(directory: str) -> Plan:
    """The plan in `machine.json`; raises UserError when there is none or it is damaged."""
    path = os.path.join(directory, paths.MACHINE_JSON)
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.read(), type=Plan)
    except FileNotFoundError as error:
        raise UserError("there is no plan for a run of this instance", where=path, hint=_HINT) from error
    except msgspec.MsgspecError as error:
        raise UserError(f"the plan of the run is damaged: {error}", where=path, hint=_HINT) from error


def save_machine(plan: Plan, machine: Machine) -> Plan:
    """Record a machine whose pid or port has become known; returns the plan as it is now."""
    changed = msgspec.structs.replace(plan, machine=machine)
    save_plan(changed)
    return changed


def save_plan(plan: Plan) -> None:
    """Write `machine.json` and `ssh.config`, each as a whole."""
    machine = plan.machine
    data = msgspec.json.format(msgspec.json.encode(plan), indent=2)
    write_atomic(os.path.join(machine.directory, paths.MACHINE_JSON), data + b"\n", 0o600)
    text = config_text(hostname_of(machine.name), plan.ssh_options, machine.ssh_address, machine.nic.ssh_port)
    write_atomic(os.path.join(machine.directory, paths.SSH_CONFIG), text.encode(), 0o600)
