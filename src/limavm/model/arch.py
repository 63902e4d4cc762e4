"""Processor architectures of guests and hosts, under each of the names that tools give them."""

from enum import StrEnum


class Arch(StrEnum):
    """A guest architecture, spelled as in `lima.yaml` (spec/config.md 1.5)."""

    X86_64 = "x86_64"
    AARCH64 = "aarch64"
    ARMV7L = "armv7l"
    PPC64LE = "ppc64le"
    RISCV64 = "riscv64"
    S390X = "s390x"

    @property
    def qemu_name(self) -> str:
        """The suffix of `qemu-system-…`."""
        return {Arch.ARMV7L: "arm", Arch.PPC64LE: "ppc64"}.get(self, self.value)

    @property
    def debian_name(self) -> str:
        """The name of Debian's port."""
        return _DEBIAN[self]

    @property
    def go_name(self) -> str:
        """GOARCH, used in the names of released archives."""
        return _GO[self]


_DEBIAN = {
    Arch.X86_64: "amd64",
    Arch.AARCH64: "arm64",
    Arch.ARMV7L: "armhf",
    Arch.PPC64LE: "ppc64el",
    Arch.RISCV64: "riscv64",
    Arch.S390X: "s390x",
}
_GO = {
    Arch.X86_64: "amd64",
    Arch.AARCH64: "arm64",
    Arch.ARMV7L: "arm",
    Arch.PPC64LE: "ppc64le",
    Arch.RISCV64: "riscv64",
    Arch.S390X: "s390x",
}


def arch_of_machine(machine: str) -> str:
    """Lima's name for what `uname -m` (or Windows' PROCESSOR_ARCHITECTURE) calls the host.

    An unknown machine is returned unchanged: it is a valid host, only never a native guest.
    """
    known = {"amd64": "x86_64", "arm64": "aarch64", "armv8l": "armv7l", "ppc64el": "ppc64le"}
    lower = machine.lower()
    return known.get(lower, lower)
