"""What `limactl start` has decided for one run of an instance: all that the host agent needs.

It is written to `machine.json` before the agent starts, so that an agent that comes later, after the
first was killed, can adopt the running machine from what is on the disk.
"""

from limavm.model.config import Config
from limavm.model.machine import Machine
from limavm.model.value import Value


class Plan(Value, frozen=True, kw_only=True):
    """One run: the machine, the configuration it came from, and how ssh reaches the guest.

    `ssh_options` are `Key=Value` texts without address and port; `fixed_ssh_port` says that the port
    was asked for, so that another one is no remedy when it is taken.
    """

    machine: Machine
    config: Config
    ssh_options: tuple[str, ...]
    fixed_ssh_port: bool = False
    #: Where the host agent answers the guest's questions for names, on the host's loopback; 0 where it does not.
    dns_udp_port: int = 0
    dns_tcp_port: int = 0
    #: What a client of the guest agent has to present, whatever way it comes; the guest has it in a file of root.
    agent_token: str = ""
