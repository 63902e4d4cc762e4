"""Mounts of a real machine where they end: a full disk, files that nobody closes, and what fsync promises."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.vm import holder
from tests.vm.limactl import wait_for
from tests.vm.mountpoints import Shared, processes

if sys.platform != "linux":
    pytest.skip("looks into /proc", allow_module_level=True)

pytestmark = pytest.mark.vm

HERE = Path(__file__).parent
HELD = 200
SIZE = 8192
#: Descriptors that a server may have more than before, for other work that goes on.
SPARE = 40
TWICE = """
import os, sys
for name in sys.argv[1:]:
    found = os.stat(name)
    print(found.st_dev, found.st_ino, open(name).read())
"""
FILLS = """
import errno, os, sys
synced = 0
try:
    with open(sys.argv[1], "wb", buffering=0) as file:
        for _ in range(64):
            written = file.write(b"x" * 65536)
            os.fsync(file.fileno())
            synced += written
except OSError as error:
    print(errno.errorcode[error.errno], synced)
"""
SYNCS = """
import os, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o644)
os.write(file, b"x" * 5000)
os.fsync(file)
"""


@contextmanager
def small_disk(shared: Shared) -> Iterator[tuple[Path, str]]:
    """A disk of 1 MiB on the host, and where the guest has it.

    With 9p, to which nothing can be added, it is in the directory that is mounted; else it is a mount of its own.
    """
    with disk_below(shared, "full-") as place:
        if shared.kind == "9p":
            yield place, f"/mnt/rw/{place.name}"
            return
        shared.limactl.ok("mount", shared.machine, f"{place}:/mnt/full:w")
        try:
            yield place, "/mnt/full"
        finally:
            shared.limactl.ok("umount", shared.machine, "/mnt/full")


@contextmanager
def disk_below(shared: Shared, prefix: str) -> Iterator[Path]:
    """A file system of 1 MiB in a new directory of the writable mount, on the host; skips where none can be mounted."""
    place = Path(tempfile.mkdtemp(prefix=prefix, dir=shared.rw))
    mounted = ["mount", "-t", "tmpfs", "-o", "size=1M,mode=777", "limavm-disk", str(place)]
    done = subprocess.run(mounted, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def two_disks(shared: Shared) -> Iterator[list[Path]]:
    """Two file systems of the host below the writable mount, each with one file, both of the same inode number."""
    with disk_below(shared, "one-") as one, disk_below(shared, "two-") as two:
        for place in (one, two):
            (place / "file").write_text(place.name)
        yield [one / "file", two / "file"]


@pytest.mark.parametrize("shared", ["9p"], indirect=True, scope="session")
def test_files_of_two_file_systems_of_the_host_are_two_files_in_the_guest(shared: Shared) -> None:
    with two_disks(shared) as files:
        assert len({file.stat().st_ino for file in files}) == 1

        found = shared.script(
            f"python3 -c '{TWICE}' \"$@\"", *(f"/mnt/rw/{file.relative_to(shared.rw)}" for file in files)
        )

        lines = [line.split() for line in found.splitlines()]
        assert [content for _, _, content in lines] == [file.parent.name for file in files]
        assert len({(device, inode) for device, inode, _ in lines}) == 2


@pytest.mark.parametrize("shared", ["9p", "virtiofs"], indirect=True, scope="session")
def test_a_full_disk_of_the_host_is_told_as_one_and_damages_nothing(shared: Shared) -> None:
    """Sshfs cannot tell a program which error it was; that it is one is tested with the SFTP server."""
    with small_disk(shared) as (place, there):
        (place / "kept").write_text("kept\n")

        found = shared.script(f"python3 -c '{FILLS}' \"$1\"/big", there)
        word, synced = found.split()
        size = (place / "big").stat().st_size
        kept = shared.script('cat "$1"/kept; rm "$1"/big; echo after >"$1"/after', there)

        # What the guest was told is on the disk is there: see `synced`.
        assert word == "ENOSPC"
        assert int(synced) <= size <= 1 << 20
        assert (kept, (place / "kept").read_text(), (place / "after").read_text()) == ("kept\n", "kept\n", "after\n")


def servers(shared: Shared) -> list[int]:
    """The processes of the host that open files for the writable mount."""
    if shared.kind == "9p":
        return [int((shared.limactl.home / shared.machine / "qemu.pid").read_text())]
    return processes({"reverse-sshfs": "limavm.sftp", "virtiofs": "virtiofsd"}[shared.kind], str(shared.rw))


def descriptors(shared: Shared) -> int:
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in servers(shared))


def test_files_that_a_guest_never_closes_are_whole_and_are_closed_when_their_program_dies(shared: Shared) -> None:
    place = Path(tempfile.mkdtemp(prefix="held-", dir=shared.rw))
    place.chmod(0o777)
    before = descriptors(shared)

    with shared.background(HERE / "holder.py", f"/mnt/rw/{place.name}", str(HELD), str(SIZE)) as child:
        assert child.stdout
        assert child.stdout.readline() == "held\n"
        while_held = descriptors(shared)
        shared.script("pkill -KILL -f '[h]eld.append'")
        child.wait(60)

    # virtiofsd has a descriptor for each file that the guest remembers; all are closed when it forgets.
    shared.script("sync; echo 3 >/proc/sys/vm/drop_caches", root=True)
    wait_for("the files to be closed", lambda: descriptors(shared) <= before + SPARE, 30)
    assert before + HELD <= while_held <= before + 2 * HELD + SPARE
    assert len(os.listdir(place)) == HELD
    assert all((place / str(number)).read_bytes() == holder.content(number, SIZE) for number in range(HELD))


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_fsync_in_the_guest_is_fsync_on_the_host(shared: Shared, tmp_path: Path) -> None:
    log = tmp_path / "calls"
    pids = [word for pid in servers(shared) for word in ("-p", str(pid))]
    argv = ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", str(log), *pids]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr
        try:
            first = tracer.stderr.readline()
            if "attached" not in first:
                pytest.skip(f"strace: {first.strip()}")
            shared.script(f"python3 -c '{SYNCS}' /mnt/rw/synced")
        finally:
            tracer.send_signal(signal.SIGINT)

    assert any("sync(" in line and "/synced>)" in line for line in log.read_text().splitlines()), log.read_text()
