"""Which service manager this host has, and whether one has started us."""

import os
import sys
from collections.abc import Mapping

from limavm.host import files, paths
from limavm.host.autostart import systemd
from limavm.host.autostart.registration import Manager
from limavm.host.autostart.systemd import Systemd

if sys.platform == "darwin":  # elsewhere the host agent would load XML for nothing
    from limavm.host.autostart.launchd import Launchd

_LABELS = ("io.lima-vm.autostart.", "io.lima-vm.daemon.")


def manager(environment: Mapping[str, str]) -> Manager | None:
    """The service manager; None where there is none that we know."""
    if sys.platform == "linux":
        return Systemd(environment) if systemd.booted() else None
    if sys.platform == "darwin":
        return Launchd(paths.user_home(), os.getuid())
    return None


def own_identity(environment: Mapping[str, str]) -> str:
    """The unit or label under which a service manager has started this process; empty when none has."""
    if sys.platform == "linux":
        return systemd.of_cgroup(files.read_text("/proc/self/cgroup") or "")
    label = environment.get("XPC_SERVICE_NAME", "")
    return label if label.startswith(_LABELS) else ""
