"""An instance as `limactl list --json` shows it (spec/runtime.md 1.4)."""

from enum import StrEnum

from msgspec import field

from limavm.model.config import Config, Disk, Network
from limavm.model.value import Sparse


class Status(StrEnum):
    """What an instance is doing; the values are part of the interface."""

    UNKNOWN = ""
    UNINITIALIZED = "Uninitialized"
    INSTALLING = "Installing"
    BROKEN = "Broken"
    STOPPED = "Stopped"
    RUNNING = "Running"


class Instance(Sparse, frozen=True, kw_only=True):
    """One instance directory, inspected. Sizes are bytes, PIDs 0 while unknown."""

    name: str
    hostname: str
    status: Status = field(default=Status.UNKNOWN)
    dir: str
    vm_type: str
    arch: str
    cpus: int = 0
    memory: int = 0
    disk: int = 0
    message: str = ""
    additional_disks: tuple[Disk, ...] = ()
    networks: tuple[Network, ...] = field(name="network", default=())
    ssh_local_port: int = 0
    ssh_config_file: str = ""
    host_agent_pid: int = field(name="hostAgentPID", default=0)
    driver_pid: int = field(name="driverPID", default=0)
    errors: tuple[str, ...] = ()
    config: Config | None = None
    ssh_address: str = ""
    protected: bool = False
    lima_version: str = ""
    param: dict[str, str] = {}
    auto_started_identifier: str = ""


def hostname_of(name: str) -> str:
    """The guest's host name for the instance `name`."""
    return "lima-" + name.replace(".", "-").replace("_", "-")
