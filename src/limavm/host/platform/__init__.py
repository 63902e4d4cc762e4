"""What differs between operating systems, one module each, behind `facts()`."""

import os
import sys

from limavm.host.paths import user_home
from limavm.host.platform import posix
from limavm.model.arch import arch_of_machine
from limavm.model.host import HostFacts

if sys.platform == "linux":
    from limavm.host.platform import linux as _system
elif sys.platform == "darwin":
    from limavm.host.platform import darwin as _system
elif sys.platform == "win32":
    from limavm.host.platform import windows as _system
else:
    from limavm.host.platform import netbsd as _system

__all__ = ["facts", "host_arch", "host_os", "system_name_servers", "system_proxies"]


def facts() -> HostFacts:
    """The facts of this host. Cheap: a few small files, no process (macOS: one)."""
    user = posix.user() if sys.platform != "win32" else _windows_user()
    return HostFacts(
        os=host_os(),
        arch=host_arch(),
        cpus=_usable_cpus(),
        memory=_system.memory(),
        user_name=user[0],
        user_comment=user[1],
        uid=user[2],
        home=user_home(),
        timezone=_system.timezone(),
        machine_id=_system.machine_id() or _node(),
        temp_dir=os.environ.get("TMPDIR") or os.environ.get("TEMP") or "/tmp",  # noqa: S108 - only named
    )


def system_proxies() -> dict[str, str]:
    """Proxy variables from the settings of the system; only macOS has such."""
    if sys.platform == "darwin":
        return _system.proxies()
    return {}


def system_name_servers() -> tuple[str, ...]:
    """The host's name servers, where it is worth telling a guest; elsewhere the network tells it (DHCP)."""
    if sys.platform == "darwin":
        return _system.name_servers()
    return ()


def host_os() -> str:
    """Go's name of the operating system: `linux`, `darwin`, `windows`, `netbsd`."""
    return {"win32": "windows"}.get(sys.platform, sys.platform.rstrip("0123456789"))


def host_arch() -> str:
    """Lima's name of the architecture, such as `x86_64`; what the system says when Lima has none."""
    return arch_of_machine(_machine())


def _machine() -> str:
    # The module platform would answer as well, but it takes as long to import as `list` may take.
    if sys.platform == "win32":
        return os.environ.get("PROCESSOR_ARCHITECTURE", "")
    return os.uname().machine


def _node() -> str:
    if sys.platform == "win32":
        return os.environ.get("COMPUTERNAME", "")
    return os.uname().nodename


def _usable_cpus() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _windows_user() -> tuple[str, str, int]:
    # Numeric IDs do not exist there; 1000 is what Lima falls back to (spec/config.md 1.8).
    return os.environ.get("USERNAME", ""), "", 1000
