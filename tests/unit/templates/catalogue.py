"""The catalogue as facts: what there is, what it is based on, and what sets an image apart (spec/config.md 9)."""

import os
from typing import Any

import yaml

from limavm.config.templatestore import BUILT_IN

Quirks = dict[str, Any]

NO_9P: Quirks = {"mountTypesUnsupported": ["9p"]}
OLD_X86: Quirks = NO_9P | {"vmOpts": {"qemu": {"cpuType": {"x86_64": "Haswell-v4"}}}}
BIOS: Quirks = {"firmware": {"legacyBIOS": True}}
FREEBSD: Quirks = {"os": "FreeBSD", "vmType": "qemu"}
MACOS: Quirks = {"os": "Darwin", "arch": "aarch64", "vmType": "vz"}
NETPLAN: Quirks = {"param": {"internal_netplanOptional": "true"}}

#: Below `_images`: the servers that images come from, and every key beside `images`.
IMAGES: dict[str, tuple[str, Quirks]] = {
    "almalinux-8": ("repo.almalinux.org", OLD_X86),
    "almalinux-9": ("repo.almalinux.org", NO_9P),
    "almalinux-10": ("repo.almalinux.org", NO_9P),
    "almalinux-kitten-10": ("kitten.repo.almalinux.org", NO_9P),
    "alpine-3.21": ("dl-cdn.alpinelinux.org", {}),
    "alpine-3.22": ("dl-cdn.alpinelinux.org", {}),
    "alpine-3.23": ("dl-cdn.alpinelinux.org", {}),
    "alpine-iso": ("github.com", {}),
    "archlinux": ("geo.mirror.pkgbuild.com github.com", {}),
    "centos-stream-9": ("cloud.centos.org", NO_9P | BIOS),
    "centos-stream-10": ("cloud.centos.org", NO_9P | BIOS),
    "debian-11": ("cloud.debian.org", NO_9P | {"vmType": "qemu"}),
    "debian-12": ("cloud.debian.org mmdebstrap:bookworm", NO_9P),
    "debian-13": ("cloud.debian.org mmdebstrap:trixie", NO_9P),
    "fedora-41": ("download.fedoraproject.org", NO_9P),
    "fedora-42": ("download.fedoraproject.org", {}),
    "fedora-43": ("download.fedoraproject.org", {"ssh": {"overVsock": False}}),
    "fedora-44": ("download.fedoraproject.org", {}),
    "freebsd-15": ("ftp-archive.freebsd.org", FREEBSD),
    "macos-15": ("updates.cdn-apple.com", MACOS),
    "macos-26": ("updates.cdn-apple.com", MACOS),
    "opensuse-leap-15": (
        "download.opensuse.org",
        {"mountType": "reverse-sshfs", "mountTypesUnsupported": ["9p", "virtiofs"]},
    ),
    "opensuse-leap-16": ("download.opensuse.org", {}),
    "oraclelinux-8": ("yum.oracle.com", OLD_X86 | BIOS),
    "oraclelinux-9": ("yum.oracle.com", NO_9P),
    "oraclelinux-10": ("yum.oracle.com", NO_9P),
    "rocky-8": ("dl.rockylinux.org", OLD_X86),
    "rocky-9": ("dl.rockylinux.org", NO_9P),
    "rocky-10": ("dl.rockylinux.org", NO_9P),
    "ubuntu-20.04": ("cloud-images.ubuntu.com", {}),
    "ubuntu-22.04": ("cloud-images.ubuntu.com", {}),
    "ubuntu-24.04": ("cloud-images.ubuntu.com", {}),
    "ubuntu-24.10": ("cloud-images.ubuntu.com", NO_9P),
    "ubuntu-25.04": ("cloud-images.ubuntu.com", {}),
    "ubuntu-25.10": ("cloud-images.ubuntu.com", {}),
    "ubuntu-26.04": ("cloud-images.ubuntu.com", NETPLAN),
}

#: Templates with an image template of the same name, the home directory, and nothing else.
PLAIN = [
    *("almalinux-8", "almalinux-9", "almalinux-10", "archlinux", "centos-stream-9", "centos-stream-10"),
    *("debian-11", "debian-12", "debian-13", "fedora-41", "fedora-42", "fedora-43", "fedora-44", "freebsd-15"),
    *("opensuse-leap-15", "opensuse-leap-16", "oraclelinux-8", "oraclelinux-9", "oraclelinux-10"),
    *("rocky-8", "rocky-9", "rocky-10"),
    *("ubuntu-20.04", "ubuntu-22.04", "ubuntu-24.04", "ubuntu-24.10", "ubuntu-25.04", "ubuntu-25.10", "ubuntu-26.04"),
    "experimental/almalinux-kitten-10",
]

#: The others: image template (None: images of its own), whether the home directory is mounted.
#: An empty image stands for a template without any base.
OTHERS: dict[str, tuple[str | None, bool]] = {
    "alpine-3.21": ("alpine-3.21", True),
    "alpine-3.22": ("alpine-3.22", True),
    "alpine-3.23": ("alpine-3.23", True),
    "alpine-iso": ("alpine-iso", True),
    "apptainer": ("ubuntu-lts", True),
    "apptainer-rootful": ("ubuntu-lts", True),
    "buildkit": ("ubuntu-lts", False),
    "default": ("debian-13", True),
    "docker": ("ubuntu-lts", True),
    "docker-rootful": ("ubuntu-lts", True),
    "experimental/alsa": ("ubuntu-lts", True),
    "experimental/debian-sid": (None, True),
    "experimental/fedora-rawhide": ("fedora-rawhide", True),
    "experimental/freebsd-16": (None, True),
    "experimental/gentoo": (None, True),
    "experimental/opensuse-tumbleweed": (None, True),
    "experimental/rke2": ("ubuntu-lts", False),
    "experimental/u7s": ("ubuntu-lts", False),
    "experimental/ubuntu-26.10": (None, True),
    "experimental/vnc": ("ubuntu-lts", True),
    "experimental/wsl2": ("", False),
    "faasd": ("ubuntu-lts", False),
    "homebrew-macos": ("macos", True),
    "k0s": ("ubuntu-lts", False),
    "k3s": ("ubuntu-lts", False),
    "k8s": ("ubuntu-lts", False),
    "linuxbrew": ("ubuntu-lts", True),
    "macos-15": ("macos-15", True),
    "macos-26": ("macos-26", True),
    "podman": ("fedora", True),
    "podman-rootful": ("fedora", True),
    "windows-11": ("", False),
    "windows-2025": ("", False),
}

#: Names with the same content as another one.
ALIASES = {
    "_images/fedora": "_images/fedora-44",
    "_images/freebsd": "_images/freebsd-15",
    "_images/macos": "_images/macos-26",
    "_images/opensuse-leap": "_images/opensuse-leap-16",
    "_images/ubuntu": "_images/ubuntu-26.04",
    "_images/ubuntu-lts": "_images/ubuntu-26.04",
    "almalinux": "almalinux-10",
    "alpine": "alpine-3.23",
    "centos-stream": "centos-stream-9",
    "debian": "debian-13",
    "experimental/almalinux-kitten": "experimental/almalinux-kitten-10",
    "experimental/freebsd-current": "experimental/freebsd-16",
    "experimental/ubuntu-next": "experimental/ubuntu-26.10",
    "fedora": "fedora-44",
    "freebsd": "freebsd-15",
    "homebrew-linux": "linuxbrew",
    "macos": "macos-26",
    "opensuse": "opensuse-leap-16",
    "opensuse-leap": "opensuse-leap-16",
    "oraclelinux": "oraclelinux-10",
    "rocky": "rocky-10",
    "ubuntu": "ubuntu-26.04",
    "ubuntu-lts": "ubuntu-26.04",
    "windows": "windows-11",
}

#: Those that want another release of Lima than 2.0.0; None: they say nothing.
MINIMUM: dict[str, str | None] = {
    "experimental/freebsd-16": "2.1.0",
    "experimental/ubuntu-26.10": "2.2.0",
    "experimental/wsl2": None,
    "freebsd-15": "2.1.0",
    "homebrew-macos": "2.1.0",
    "macos-15": "2.1.0",
    "macos-26": "2.1.0",
    "windows-11": None,
    "windows-2025": None,
}

#: Every template that a user can name and that is no alias.
USABLE = sorted([*PLAIN, *OTHERS])
#: Those whose base is written by a plugin that comes with Lima, so that they cannot be embedded everywhere.
BY_PLUGIN = ["experimental/fedora-rawhide"]


def bases(name: str) -> list[str]:
    """The locators that a template is based on, by the tables above."""
    image, mounts = (os.path.basename(name), True) if name in PLAIN else OTHERS[name]
    scheme = "fedora-rawhide" if name in BY_PLUGIN else "template"
    return [f"{scheme}:_images/{image}"] * bool(image) + ["template:_default/mounts"] * mounts


def text(name: str) -> str:
    """The file of a built-in template."""
    with open(os.path.join(BUILT_IN, f"{name}.yaml"), encoding="utf-8") as file:
        return file.read()


def content(name: str) -> dict[str, Any]:
    """A built-in template as plain YAML."""
    found = yaml.safe_load(text(name))
    assert isinstance(found, dict)
    return found


def listed() -> list[str]:
    """The names of all files below `templates`."""
    return sorted(
        os.path.relpath(os.path.join(directory, file), BUILT_IN).replace(os.sep, "/").removesuffix(".yaml")
        for directory, _, files in os.walk(BUILT_IN)
        for file in files
    )
