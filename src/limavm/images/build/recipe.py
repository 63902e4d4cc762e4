"""What is built: the inputs of a build as a value, its cache key, and the guest's apt sources."""

import hashlib

import msgspec

from limavm.images.build.location import Location
from limavm.images.build.sources import Mirror
from limavm.model.arch import Arch
from limavm.model.value import Value

#: Changed when the code makes another image of the same inputs; changes of data files count by themselves.
REVISION = 4

#: How the root file system is mounted. The disk that the image grows to is new and reads as zeros: nothing needs to
#: write them.
ROOTFLAGS = "rootflags=noinit_itable"

_CONSOLES = {Arch.X86_64: "ttyS0", Arch.AARCH64: "ttyAMA0"}
#: For machines without acceleration, seen with QEMU 7.2. CMPXCHG16B returns wrong flags now and then; the
#: allocator of Linux 6.12 uses it all the time, and the kernel dies of a double fault. Programs in the guest
#: still see the instruction. And on a busy host the kernel counts too few timer interrupts at first, and
#: panics because "IO-APIC + timer doesn't work"; under KVM it does not count them either.
_WORKAROUNDS = {Arch.X86_64: ("clearcpuid=cx16", "no_timer_check")}


class Recipe(Value, frozen=True, kw_only=True):
    """Everything that decides the content of an image. `files` is the digest of our data files."""

    location: Location
    arch: Arch
    mirror: Mirror
    packages: tuple[str, ...]
    files: str
    revision: int = REVISION

    @property
    def key(self) -> str:
        """The name of the cache entry: equal for equal inputs only."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()

    @property
    def uuid(self) -> str:
        """The UUID of the root file system, by which the kernel finds it whatever the disk is called."""
        digits = self.key[:32]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    @property
    def include(self) -> list[str]:
        """Packages to install beside the variant's own; another kernel (of more drivers) takes the place of ours."""
        wanted = {name.replace("@ARCH@", self.arch.debian_name) for name in self.packages}
        if any(map(_is_kernel, self.location.include)):
            wanted = {name for name in wanted if not _is_kernel(name)}
        return sorted(wanted | set(self.location.include))

    def apt_sources(self) -> list[str]:
        """Lines for sources.list, used by the build and later by the guest."""
        suite, mirror = self.location.suite, self.mirror
        lines = [f"deb {mirror.archive} {suite} main"]
        if mirror.updates:
            lines.append(f"deb {mirror.archive} {suite}-updates main")
        if mirror.security:
            lines.append(f"deb {mirror.security} {suite}-security main")
        return lines

    def cmdline(self) -> str:
        """The kernel's command line."""
        return " ".join(
            [
                f"root=UUID={self.uuid}",
                "rw",
                ROOTFLAGS,
                f"console={_CONSOLES.get(self.arch, 'ttyS0')}",
                "net.ifnames=0",
                "quiet",
                *_WORKAROUNDS.get(self.arch, ()),
            ]
        )


def _is_kernel(package: str) -> bool:
    return package.startswith("linux-image-")


def parse_packages(text: str) -> tuple[str, ...]:
    """The names in a list of packages, one a line, `#` begins a comment."""
    return tuple(name for line in text.splitlines() if (name := line.partition("#")[0].strip()))
