"""What the tests of the host agent take for an instance: the least that a configuration and a machine can say."""

from pathlib import Path

from limavm.model.arch import Arch
from limavm.model.config import Config, User
from limavm.model.machine import Machine, UserNIC

USER = User(name="lima", comment="", home="/home/lima", shell="/bin/sh", uid=1000)
CONFIG = Config(vm_type="qemu", arch=Arch.X86_64, cpus=1, memory="1GiB", disk="1GiB", user=USER)


def a_machine(directory: Path, *, agent_socket: str = "", boot_token: str = "") -> Machine:
    """A machine in that directory."""
    return Machine(
        name="dev",
        directory=str(directory),
        arch=Arch.X86_64,
        cpus=1,
        memory=1 << 30,
        seed="",
        nic=UserNIC(mac="52:55:55:00:00:01", ssh_port=60022),
        agent_socket=agent_socket,
        boot_token=boot_token,
    )
