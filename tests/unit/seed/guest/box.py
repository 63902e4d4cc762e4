"""A stand-in for a guest: its own /etc, /home, /run, /mnt and /var/lib around the programs of this machine.

Made of mount and user namespaces, so that the boot scripts run as they are, as root, and change nothing
outside a temporary directory. Programs that would reach further are replaced by ones that note their call.
"""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

_PLACES = ("etc", "home", "run", "mnt", "var/lib", "var/log")
_NAMESPACES = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc"]
_NOTED = ("apt-get", "chpasswd", "iptables-restore", "loginctl", "modprobe", "nft", "pkill", "systemctl", "rc-service")
_PRESENT = ("iptables", "rsync", "sshfs", "tar")
#: Runs the command that follows the options; the box has no other user to become.
_SUDO = 'while :; do case $1 in -u | -iu) shift 2 ;; -*) shift ;; *) exec "$@" ;; esac; done'


def is_possible() -> bool:
    """Whether this machine lets us make namespaces (containers often do not)."""
    if not shutil.which("unshare"):
        return False
    argv = [*_NAMESPACES, "mount", "--bind", "/var", "/mnt"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


class Result(msgspec.Struct):
    """What a boot left."""

    status: int
    log: str


class GuestBox:
    """The guest `tester`, whose home is /home/tester.guest; systemd seems to run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for place in _PLACES:
            (root / place).mkdir(parents=True)
        (root / "run/systemd/system").mkdir(parents=True)
        self.home = root / "home/tester.guest"
        self.home.mkdir()
        self.write("etc/passwd", "root:x:0:0::/root:/bin/sh\ntester:x:0:0::/home/tester.guest:/bin/sh\n")
        self.write("etc/group", "root:x:0:\ntester:x:0:\n")
        self.write("etc/hosts", "127.0.0.1\tlocalhost\n")
        for name in _NOTED:
            self.program(name, f'{{ echo {name} "$@"; [ -t 0 ] || cat; }} >>{root}/calls')
        for name in _PRESENT:
            self.program(name, "")
        self.program("timedatectl", f'echo timedatectl "$@" >>{root}/calls; echo yes')
        self.program("sudo", _SUDO)
        self.program("sysctl", f'echo sysctl "$@" >>{root}/calls; echo 8192')

    def write(self, name: str, text: str | bytes, mode: int = 0o644) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)

    def program(self, name: str, script: str) -> None:
        self.write(f"bin/{name}", f"#!/bin/sh\n{script}\n", 0o755)

    def read(self, name: str) -> str:
        return (self.root / name).read_text()

    def exists(self, name: str) -> bool:
        return (self.root / name).exists()

    @property
    def calls(self) -> list[str]:
        """The lines that the replaced programs noted: their arguments and their input."""
        return self.read("calls").splitlines() if self.exists("calls") else []

    def seed(self, files: Mapping[str, bytes]) -> None:
        """Put a new seed in."""
        shutil.rmtree(self.root / "mnt/lima-cidata", ignore_errors=True)
        for name, content in files.items():
            self.write(f"mnt/lima-cidata/{name}", content, 0o755 if content.startswith(b"#!") else 0o644)

    def reboot(self) -> None:
        """Empty /run, as a boot does."""
        shutil.rmtree(self.root / "run")
        (self.root / "run/systemd/system").mkdir(parents=True)
        (self.root / "calls").unlink(missing_ok=True)

    def boot(self, shell: str = "") -> Result:
        """Run boot.sh, by its own interpreter or by another one."""
        return self.run(f"{shell} /mnt/lima-cidata/boot.sh")

    def run(self, script: str) -> Result:
        binds = "".join(f"/bin/mount --bind {self.root}/{place} /{place} && " for place in _PLACES)
        environment = {"PATH": f"{self.root}/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        done = subprocess.run(
            [*_NAMESPACES, "sh", "-c", binds + script],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        return Result(done.returncode, done.stdout)
