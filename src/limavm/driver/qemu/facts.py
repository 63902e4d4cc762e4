"""What is known of the QEMU that will run a machine; `probe`, `accel` and `firmware` find it out."""

from limavm.model.value import Value

Version = tuple[int, int, int]


class Firmware(Value, frozen=True, kw_only=True):
    """UEFI code that the machine only reads, and the instance's own variable store when there is one."""

    code: str
    variables: str | None = None


class Qemu(Value, frozen=True, kw_only=True):
    """A QEMU program and how it is to be used on this host.

    `leading` are arguments of the user's from `QEMU_SYSTEM_<ARCH>`; `host_os` is Go's name of the system.
    """

    program: str
    leading: tuple[str, ...] = ()
    version: Version | None = None
    accelerator: str = "tcg"
    cpu: str = "max"
    host_os: str = "linux"
    firmware: Firmware | None = None


def version_text(version: Version) -> str:
    """`8.2.1`."""
    return ".".join(map(str, version))
