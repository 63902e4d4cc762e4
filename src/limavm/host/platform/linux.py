"""Facts of a Linux host."""

from limavm.host.platform.posix import memory as memory
from limavm.host.platform.posix import timezone as timezone

_MACHINE_ID = ("/etc/machine-id", "/var/lib/dbus/machine-id")


def machine_id() -> str:
    """The ID of this installation, empty when there is none."""
    for path in _MACHINE_ID:
        try:
            with open(path, encoding="ascii", errors="replace") as file:
                if text := file.read().strip():
                    return text
        except OSError:
            continue
    return ""
