"""Facts of a macOS host. Written from the documentation; not run on real hardware yet."""

import re

from limavm.host.platform.posix import memory as memory
from limavm.host.platform.posix import timezone as timezone


def machine_id() -> str:
    """IOPlatformUUID, empty when ioreg does not tell."""
    from limavm.host.process import run

    return parse_platform_uuid(run(["ioreg", "-rd1", "-c", "IOPlatformExpertDevice"]).decode(errors="replace"))


def parse_platform_uuid(text: str) -> str:
    """The value of IOPlatformUUID in the output of ioreg."""
    match = re.search(r'"IOPlatformUUID"\s*=\s*"([^"]+)"', text)
    return match[1] if match else ""
