"""The processes of an instance, found by PID files that are verified."""

import os

from limavm.host import paths, pidfile


def host_agent_pid(directory: str) -> int:
    """The PID of the living host agent, 0 when there is none; raises PidFileError for a bad PID file."""
    return pidfile.live_pid(os.path.join(directory, paths.HA_PID), *agent_markers(directory))


def driver_pid(directory: str, vm_type: str) -> int:
    """The PID of the living hypervisor, 0 when there is none; raises PidFileError for a bad PID file."""
    return pidfile.live_pid(driver_pid_file(directory, vm_type), *driver_markers(directory))


def driver_pid_file(directory: str, vm_type: str) -> str:
    """Where the hypervisor, or for some drivers the host agent, writes its PID."""
    return os.path.join(directory, f"{vm_type}.pid")


def agent_markers(directory: str) -> tuple[str, ...]:
    """What the command line of this instance's host agent contains, Lima's own as well."""
    return "hostagent", os.path.basename(directory)


def driver_markers(directory: str) -> tuple[str, ...]:
    """What the command line of this instance's hypervisor contains."""
    return (f"{directory.replace(',', ',,')}/",)
