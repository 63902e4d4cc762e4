"""A "guest" that is this host: an ssh that runs the scripts here, with programs that mount in a text file only."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.hostagent.guest import Guest
from limavm.hostagent.master import SSHTarget
from limavm.hostagent.mounts.mounts import Mounts
from limavm.model.config import Mount
from limavm.model.plan import Plan
from tests.fakes.machine import FakeMachine
from tests.fakes.programs import install
from tests.unit.hostagent.plans import CONFIG, a_machine

TOKEN = "boot-1"

#: What the script of a mount reads of its guest is elsewhere here; what it becomes keeps its input.
_SSH = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
elsewhere="s#/proc/self/mountinfo#$BOX/mountinfo#g;s#/run/lima-#$BOX/lima-#g;s#/proc/filesystems#$BOX/filesystems#g"
case $1 in
/bin/sh) sed "$elsewhere" | exec /bin/sh ;;
*)
    IFS= read -r line
    exec /bin/sh -c "$(printf %b "$(printf %s "$line" | sed "$elsewhere")")"
    ;;
esac
"""
#: In a real guest it would not be reached by a signal, and see the end of its input.
_SSHFS = """#!/bin/sh
if [ "$1" = --help ]; then
    cat "$BOX/help"
    exit
fi
trap '' TERM
echo "$*" >>"$BOX/calls"
if [ -e "$BOX/refusal" ]; then
    cat "$BOX/refusal" >&2
    exit 1
fi
printf '40 30 0:40 / %s rw - fuse.sshfs %s rw\\n' "$2" "$1" >>"$BOX/mountinfo"
echo $$ >"$BOX/sshfs.pid"
echo INIT
cat >/dev/null
umount "$2"
"""
_UMOUNT = """#!/bin/sh
for point; do :; done
echo "${0##*/} $*" >>"$BOX/unmounts"
[ ! -e "$BOX/busy" ] || case " $* " in *" -z "* | *" -l "*) ;; *) exit 1 ;; esac
{
    flock 9
    awk -v point="$point" '$5 != point' "$BOX/mountinfo" >"$BOX/mountinfo.new"
    mv "$BOX/mountinfo.new" "$BOX/mountinfo"
} 9>"$BOX/lock"
"""
_MOUNT = """#!/bin/sh
echo "mount $*" >>"$BOX/calls"
printf '41 30 0:41 / %s rw - %s %s rw\\n' "$6" "$2" "$5" >>"$BOX/mountinfo"
"""
_SUDO = """#!/bin/sh
shift
exec "$@"
"""


class GuestBox:
    """The directory of the "guest", and what is seen of it from outside."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = directory / "box"
        self.root.mkdir()
        self.source = directory / "source"
        self.point = directory / "mnt"
        for name, text in (
            ("ssh", _SSH),
            ("sshfs", _SSHFS),
            ("fusermount3", _UMOUNT),
            ("umount", _UMOUNT),
            ("mount", _MOUNT),
            ("modprobe", "#!/bin/sh\necho no such module >&2\nexit 1\n"),
            ("sudo", _SUDO),
        ):
            install(name, text, directory, monkeypatch)
        monkeypatch.setenv("BOX", str(self.root))
        self.write("mountinfo", "30 1 254:1 / / rw - ext4 /dev/root rw\n")
        self.write("help", "usage: sshfs\n")
        self.write("filesystems", "nodev\tsysfs\n\text4\n")
        self.boots()
        machine = a_machine(directory, boot_token=TOKEN)
        self.vm = FakeMachine(machine=machine)
        self.guest = Guest(SSHTarget(address="guest", port=22, options=(), control_path=str(directory / "ssh.sock")))

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text)

    def read(self, name: str) -> str:
        path = self.root / name
        return path.read_text() if path.exists() else ""

    def boots(self) -> None:
        self.write("lima-ssh-ready", TOKEN + "\n")
        self.write("lima-fuse-ready", TOKEN + "\n")

    def connect(self, connected: bool = True) -> None:
        """Say that there is an ssh master, or that there is none any more."""
        master = self.guest.master
        for event, value in ((master.connected, connected), (master.disconnected, not connected)):
            event.set() if value else event.clear()

    def mounted(self, point: object = None) -> int:
        """How many file systems are mounted there."""
        return sum(line.split()[4] == str(point or self.point) for line in self.read("mountinfo").splitlines())

    def kill_sshfs(self) -> None:
        if sys.platform != "win32":
            os.kill(int(self.read("sshfs.pid")), signal.SIGKILL)

    def mount(self, name: str = "", *, inside: str = "", writable: bool = False) -> Mount:
        """A mount of a directory beside the box."""
        return Mount(location=f"{self.source}{name}", mount_point=f"{self.point}{name}{inside}", writable=writable)

    @contextlib.asynccontextmanager
    async def mounts(self, *mounts: Mount, kind: str = "reverse-sshfs", inotify: bool = False) -> AsyncIterator[Mounts]:
        """The mounts of a configuration, kept while the context lasts."""
        config = replace(CONFIG, mount_type=kind, mounts=mounts, mount_inotify=inotify)
        plan = Plan(machine=self.vm.machine, config=config, ssh_options=())
        kept = Mounts(plan, self.vm, self.guest, server=self.server, record=str(self.root / "mounts.json"))
        task = asyncio.create_task(kept.run())
        try:
            async with asyncio.timeout(60):
                yield kept
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def server(self, mount: Mount) -> Sequence[str]:
        """A server that keeps what it hears, until the other side has ended."""
        return ["sh", "-c", 'echo $$ >"$BOX/server.pid"; exec tee -a "$BOX/heard"', mount.location]


async def until(condition: Callable[[], object], limit: float = 30.0) -> None:
    """Return when something holds."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
