"""Every key of spec/config.md 1.6 to 1.8 with its built-in default, its merge rule, and values for each text.

The letters are those of the specification: S the first value set of override, template and default; C lists
joined in this order; M maps laid over each other, not deeper than one level; X the template alone. Beside them:
R lists joined the other way round, U the same without duplicates, F the first list that is not empty.
"""

from typing import Any

from limavm.model.arch import Arch
from limavm.model.config import File

ARCHIVES = (File(location="/nerdctl.tgz", arch=Arch.X86_64),)


def _image(name: str) -> dict[str, Any]:
    return {"location": f"/{name}", "arch": "s390x"}


def _rule(name: str) -> dict[str, Any]:
    return {
        "guestIPMustBeZero": False,
        "guestIP": "127.0.0.1",
        "guestPortRange": [1, 65535],
        "guestSocket": f"/{name}",
        "hostIP": "127.0.0.1",
        "hostPortRange": [0, 0],
        "hostSocket": f"/host/{name}",
        "proto": "any",
    }


def _mount(name: str) -> dict[str, Any]:
    return {
        "location": f"/{name}",
        "mountPoint": f"/{name}",
        "writable": True,
        "sshfs": {"cache": False, "followSymlinks": False, "sftpDriver": ""},
        "9p": {"securityModel": "none", "protocolVersion": "9p2000.L", "msize": "128KiB", "cache": "mmap"},
        "virtiofs": {"queueSize": 5},
    }


def _network(name: str) -> dict[str, Any]:
    return {"lima": name, "macAddress": "aa:bb:cc:dd:ee:ff", "interface": name, "metric": 1}


_FLAG = (True, False, True)
_TEXT = ("d", "y", "o")


def _lists(make: Any) -> tuple[list[Any], ...]:
    return tuple([make(name)] for name in _TEXT)


def _maps(deep: bool = False) -> tuple[dict[str, Any], ...]:
    """Maps that share keys; with `deep`, one of them is a map in each."""
    return (
        {"all": _entry("d", deep), "d": "d"},
        {"all": _entry("y", deep), "d": "y", "y": "y"},
        {"all": _entry("o", deep), "y": "o", "o": "o"},
    )


def _entry(name: str, deep: bool) -> Any:
    return {name: 1} if deep else name


#: Key, rule, built-in default, and the values of default.yaml, the template and override.yaml.
RULES: list[tuple[str, str, Any, tuple[Any, ...]]] = [
    ("base", "X", [], _lists(lambda name: {"url": name})),
    ("minimumLimaVersion", "X", None, ("1.0.0", "1.1.0", "1.2.0")),
    ("vmType", "S", "qemu", ("vz", "wsl2", "krunkit")),
    ("vmOpts", "M", {}, _maps(deep=True)),
    ("os", "S", "Linux", ("FreeBSD", "Windows", "Darwin")),
    ("arch", "S", "x86_64", ("aarch64", "riscv64", "s390x")),
    ("images", "C", [], _lists(_image)),
    ("cpuType", "X", {}, _maps()),
    ("cpus", "S", 4, (1, 2, 3)),
    ("memory", "S", "4GiB", ("1GiB", "2GiB", "3GiB")),
    ("disk", "S", "100GiB", ("1GiB", "2GiB", "3GiB")),
    ("additionalDisks", "C", [], _lists(lambda name: {"name": name, "format": False, "fsArgs": ["-m"]})),
    ("mounts", "R", [], _lists(_mount)),
    ("mountTypesUnsupported", "C", [], (["9p"], ["virtiofs"], ["9p"])),
    ("mountType", "S", None, ("9p", "virtiofs", "reverse-sshfs")),
    ("mountInotify", "S", False, _FLAG),
    ("ssh.localPort", "S", 0, (1, 2, 3)),
    ("ssh.loadDotSSHPubKeys", "S", False, _FLAG),
    ("ssh.forwardAgent", "S", False, _FLAG),
    ("ssh.forwardX11", "S", False, _FLAG),
    ("ssh.forwardX11Trusted", "S", False, _FLAG),
    ("ssh.overVsock", "S", None, _FLAG),
    ("firmware.legacyBIOS", "S", False, _FLAG),
    ("firmware.images", "C", [], _lists(_image)),
    ("audio.device", "S", "", _TEXT),
    ("audio.interface", "S", "", _TEXT),
    ("video.display", "S", "none", _TEXT),
    ("video.vnc.display", "S", None, _TEXT),
    ("provision", "C", [], _lists(lambda name: {"mode": "system", "script": name})),
    ("upgradePackages", "S", False, _FLAG),
    ("containerd.system", "S", False, _FLAG),
    ("containerd.user", "S", True, (False, True, False)),
    ("containerd.archives", "C", [{"location": "/nerdctl.tgz", "arch": "x86_64"}], _lists(_image)),
    ("guestInstallPrefix", "S", "/usr/local", _TEXT),
    ("probes", "C", [], _lists(lambda name: {"mode": "readiness", "description": name, "script": name})),
    ("portForwards", "C", [], _lists(_rule)),
    ("copyToHost", "C", [], _lists(lambda name: {"guest": f"/{name}", "host": f"/{name}"})),
    ("message", "X", "", _TEXT),
    ("networks", "R", [], _lists(_network)),
    ("env", "M", {}, _maps()),
    ("param", "M", {}, _maps()),
    ("dns", "F", [], (["1.1.1.1"], ["2.2.2.2"], ["3.3.3.3"])),
    ("hostResolver.enabled", "S", True, (False, True, False)),
    ("hostResolver.ipv6", "S", False, _FLAG),
    ("hostResolver.hosts", "M", {}, _maps()),
    ("propagateProxyEnv", "S", True, (False, True, False)),
    ("caCerts.removeDefaults", "S", False, _FLAG),
    ("caCerts.files", "U", [], (["all", "d"], ["y", "all"], ["d", "o"])),
    ("caCerts.certs", "U", [], (["all", "d"], ["y", "all"], ["d", "o"])),
    ("rosetta.enabled", "X", None, _FLAG),
    ("rosetta.binfmt", "X", None, _FLAG),
    ("plain", "S", False, _FLAG),
    ("timezone", "S", "Europe/Berlin", ("UTC", "", "Asia/Tokyo")),
    ("nestedVirtualization", "S", False, _FLAG),
    ("user.name", "S", "jane", _TEXT),
    ("user.comment", "S", "Jane Doe", ("d", "", "o")),
    ("user.home", "S", "/home/jane.guest", ("/d", "/y", "/o")),
    ("user.shell", "S", "/bin/bash", ("/d", "/y", "/o")),
    ("user.uid", "S", 1234, (1, 0, 3)),
    ("user.passwordlessSudo", "S", True, (False, True, False)),
    ("tpm", "S", False, _FLAG),
    ("osOpts", "M", {}, _maps(deep=True)),
]

#: Values that are set, and stand for the default: where they win, so does the default.
UNSET = [
    ("os", "default", "Linux", "FreeBSD"),
    ("os", "", "Linux", "FreeBSD"),
    ("arch", "default", "x86_64", "s390x"),
    ("arch", "", "x86_64", "s390x"),
    ("cpus", 0, 4, 2),
    ("memory", "", "4GiB", "2GiB"),
    ("disk", "", "100GiB", "2GiB"),
    ("video.display", "", "none", "vnc"),
]
