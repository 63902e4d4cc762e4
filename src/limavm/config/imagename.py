"""The instance name, system and architecture that the file name of an image tells (spec/config.md 5.2)."""

import re

from limavm.model.arch import Arch

_IMAGE = re.compile(r"\.(?:img|qcow2|raw|iso|ipsw)(?:\.(?:gz|xz|bz2|zstd))?$")
_TAGS = (
    *("base", "basic", "cloud", "cloudimg", "cloudinit", "current", "daily", "default", "generic", "genericcloud"),
    *("kvm", "latest", "linux", "minimal", "openstack", "release", "restore", "server", "std", "stream", "uefi", "vm"),
)
_ARCHES = {
    "aarch64": Arch.AARCH64,
    "arm64": Arch.AARCH64,
    "amd64": Arch.X86_64,
    "x86_64": Arch.X86_64,
    "armhf": Arch.ARMV7L,
    "armv7l": Arch.ARMV7L,
    "ppc64el": Arch.PPC64LE,
    "ppc64le": Arch.PPC64LE,
    "riscv64": Arch.RISCV64,
    "s390x": Arch.S390X,
}
_WORD = r"(?<![a-z0-9]){}(?![a-z0-9])"


def is_image(locator: str) -> bool:
    """Whether the locator names an image, for which a template is made up."""
    return _IMAGE.search(locator) is not None


def image_os(locator: str) -> str:
    """The guest system of an image."""
    if re.search(r"\bfreebsd\b", locator, re.IGNORECASE):
        return "FreeBSD"
    if re.search(r"\bmacos\b|\.ipsw$", locator, re.IGNORECASE):
        return "Darwin"
    return "Linux"


def image_arch(locator: str) -> Arch | None:
    """The architecture of an image, None when its name does not tell."""
    for word, arch in _ARCHES.items():
        if re.search(_WORD.format(word), locator.lower()):
            return arch
    return Arch.AARCH64 if image_os(locator) == "Darwin" else None


def image_name(file_name: str, native: str) -> str:
    """The name of an instance of the image; `native` is the architecture of the host, which is left out."""
    name = _IMAGE.sub("", file_name.lower()).removeprefix("nocloud_")
    for tag in _TAGS:
        name = re.sub(rf"[-_.]{tag}\b", "", name)
    name = name.replace("universalmac_", "macos-").replace("arm64-aarch64", "arm64")
    name = re.sub(rf"[-_.]{re.escape(native)}\b", "", name)
    name = re.sub(r"[-_.]20\d{6}(?:[-_.]\d+)*", "", name)
    name = re.sub(r"^arch\b", "archlinux", name)
    name = re.sub(r"-(\d+)-\1\.", r"-\1.", name)
    return re.sub(r"^(macos-\d+(?:\.\d+)*)[-_.].*$", r"\1", name)
