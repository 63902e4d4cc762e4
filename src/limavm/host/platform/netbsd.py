"""Facts of a NetBSD host (and of its relatives). Written from the manual; not run there yet."""

from limavm.host.platform.posix import memory as memory
from limavm.host.platform.posix import timezone as timezone


def machine_id() -> str:
    """Empty: the host name stands in for it."""
    return ""
