"""Directories of the host in the guest, by each type of mount on a real machine."""

import functools
import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vm import fileops
from tests.vm.forwards import kill_agent
from tests.vm.limactl import wait_for
from tests.vm.mountpoints import ODD, Shared, listening, snapshot

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm

HERE = Path(__file__).parent
TIME = 1577880000
NAMES = ["with blank", "new\nline", "größe", "-d", "100%, *;", "y" * 255]


def test_every_mount_is_of_its_type_and_where_the_template_says(shared: Shared) -> None:
    states = shared.states()

    assert {point: state["type"] for point, state in states.items() if state.get("configured", True)} == {
        "/mnt/rw": shared.kind,
        "/mnt/ro": shared.kind,
        f"/mnt/{ODD}": shared.kind,
    }
    assert [states[point].get("writable", False) for point in ("/mnt/rw", "/mnt/ro", f"/mnt/{ODD}")] == [
        True,
        False,
        True,
    ]
    assert shared.are_mounted()


def test_what_the_host_writes_the_guest_reads(shared: Shared) -> None:
    top = shared.rw / "by host"
    top.mkdir()
    for name in NAMES:
        (top / name).write_bytes(name.encode() * 3000)
        (top / name).chmod(0o644)
        os.utime(top / name, (TIME, TIME))
    (top / "link").symlink_to("../by host/größe")
    expected = "".join(f"{len(name.encode()) * 3000} {TIME} 644\n" for name in NAMES)

    found = shared.script('cd "/mnt/rw/by host" && stat -c "%s %Y %a" -- "$@"; readlink link; cat link', *NAMES)

    assert found == expected + "../by host/größe\n" + "größe" * 3000


def test_what_the_guest_writes_the_host_reads(shared: Shared) -> None:
    # Made elsewhere and copied, so that times are set right after the writing: see docs/mounts.md, mountInotify.
    script = """
        place=$(mktemp -d) && cd "$place"
        for name; do printf %s "$name" >"./$name"; chmod 640 "./$name"; touch -d @1577880000 "./$name"; done
        mkdir "/mnt/rw/by guest" && cp -p -- * "/mnt/rw/by guest/" && cd "/mnt/rw/by guest"
        ln -s ../nowhere/at/all link; mkdir deep; mv ./-d deep/; truncate -s 5G sparse; rm "new
line"
    """

    shared.script(script, *NAMES)

    top = shared.rw / "by guest"
    assert sorted(os.listdir(top)) == sorted([*({*NAMES} - {"-d", "new\nline"}), "link", "deep", "sparse"])
    for name in ("with blank", "größe", "deep/-d", "100%, *;", "y" * 255):
        status = (top / name).stat()
        assert (stat.S_IMODE(status.st_mode), status.st_mtime) == (0o640, TIME)
        assert (top / name).read_text() == Path(name).name
    assert os.readlink(top / "link") == "../nowhere/at/all"
    assert (top / "sparse").stat().st_size == 5 << 30
    assert (top / "sparse").stat().st_blocks < 100


def test_a_mount_with_an_odd_name_works_like_any_other(shared: Shared) -> None:
    (shared.odd / "from host").write_text("host\n")

    found = shared.script('cd "$1" && cat "from host" && echo guest >"from guest"', f"/mnt/{ODD}")

    assert found == "host\n"
    assert (shared.odd / "from guest").read_text() == "guest\n"


ATTACKS = """
    mount -o remount,rw "$1"
    mkdir -p /run/again && mount --bind "$1" /run/again && mount -o remount,rw,bind /run/again
    for top in "$1" /run/again; do
        cd "$top" || exit 1
        [ -f file ] || exit 1
        echo x >>file; echo x >file; truncate -s 1 file; dd if=/dev/zero of=file bs=1 count=1 conv=notrunc
        python3 -c 'import os; os.write(os.open("file", os.O_RDWR), b"x")'
        mv file other; mv other/in file; rm -rf file other link; rmdir directory
        mkdir made; mkfifo pipe; mknod device c 1 3; ln -s x soft; ln file hard; touch new
        chmod 777 file .; chown 1 file .; touch file; touch .
        python3 -c 'import os; os.setxattr("file", "user.x", b"x")'
        cp /bin/true file; sed -i s/./x/ file
        cd /
    done
    umount /run/again
    true
"""


def test_a_read_only_mount_keeps_every_byte_from_root_of_the_guest(shared: Shared) -> None:
    (shared.ro / "file").write_text("as it was")
    (shared.ro / "file").chmod(0o666)
    (shared.ro / "directory").mkdir()
    (shared.ro / "directory").chmod(0o777)
    (shared.ro / "link").symlink_to("file")
    before = snapshot(shared.ro)

    shared.script(ATTACKS, "/mnt/ro", root=True)

    assert snapshot(shared.ro) == before
    assert shared.script("cat /mnt/ro/file") == "as it was"


@pytest.mark.parametrize("seed", [1, 2])
def test_random_operations_have_the_results_that_they_have_on_a_local_disk(shared: Shared, seed: int) -> None:
    place = shared.rw / f"seed {seed}"
    place.mkdir()
    place.chmod(0o777)
    local = f"/var/tmp/{shared.kind}-{seed}"
    shared.script('mkdir "$1"', local)

    done = shared.python(HERE / "fileops.py", f"/mnt/rw/seed {seed}", local, str(seed), "400", shared.kind, root=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == fileops.tree_digest(str(place))


def test_verify_finds_no_difference(shared: Shared) -> None:
    done = shared.limactl.run("mount", "verify", shared.machine, "--duration", "2s")

    lines = done.stdout.splitlines()
    differences = [line for line in lines if line.startswith(" ")]
    assert not differences, done.stdout + done.stderr
    assert not done.stderr, done.stderr
    assert len([line for line in lines if not line.startswith(" ") and "ended early" not in line]) == 3
    assert not [*shared.rw.glob(".limavm*"), *shared.ro.glob(".limavm*")]


def test_changes_on_the_host_reach_programs_that_watch(by_ssh: Shared) -> None:
    hears_of_changes(by_ssh)


@pytest.mark.parametrize("shared", ["virtiofs"], indirect=True, scope="session")
def test_changes_on_the_host_reach_programs_that_watch_by_virtiofs(shared: Shared) -> None:
    """Only for this test: what a guest sets in the same millisecond is lost with this type (docs/mounts.md)."""
    try:
        with_another_agent(shared, inotify=True)
        hears_of_changes(shared)
    finally:
        with_another_agent(shared, inotify=False)


def with_another_agent(shared: Shared, *, inotify: bool) -> None:
    """Have a new host agent take the machine over, with or without mountInotify in what it reads."""
    path = shared.limactl.home / shared.machine / "machine.json"
    run = json.loads(path.read_text())
    run["config"]["mountInotify"] = inotify
    path.write_text(json.dumps(run))
    kill_agent(shared.limactl, shared.machine)
    log = path.with_name("ha.stderr.log")
    before = log.stat().st_size
    shared.limactl.ok("start", shared.machine)
    shared.wait_until_back()
    if inotify:  # what happens before it watches is told to nobody
        wait_for("the watch", lambda: watches(log, before, str(shared.rw)), 30)


def watches(log: Path, before: int, directory: str) -> bool:
    """Whether the last host agent has said that it watches a directory; `before`: the size of its log when it began."""
    data = log.read_bytes()
    lines = data[before if len(data) >= before else 0 :].decode().splitlines()
    return any("Watching for changes: " in line and directory in line for line in lines)


def hears_of_changes(shared: Shared) -> None:
    """A program of the guest is told of what the host does in the writable mount."""
    top = shared.rw / "watched"
    for name in ("changed", "made", "deleted", "renamed"):
        (top / name).mkdir(parents=True)
        (top / name / "file").write_text("old")
    names = [f"/mnt/rw/watched/{path.name}" for path in top.iterdir()]
    steps: dict[str, Callable[[], object]] = {
        "changed MODIFY file": lambda: (top / "changed" / "file").write_text("new"),
        "made MODIFY new": lambda: (top / "made" / "new").write_text("new"),
        "deleted ATTRIB ": lambda: (top / "deleted" / "file").unlink(),
        "renamed MODIFY new": lambda: (top / "renamed" / "file").rename(top / "renamed" / "new"),
    }
    with shared.background(HERE / "watcher.py", *names) as watcher:
        assert watcher.stdout
        assert watcher.stdout.readline() == "ready\n"
        heard = listening(watcher.stdout)

        for event, change in steps.items():
            change()
            wait_for(f"{event!r}", functools.partial(heard.__contains__, f"{event}\n"), 30)
