"""The process: how it starts, what it gives up, and the status that it ends with."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.sftp import landlock
from tests.fakes.sftpclient import connected
from tests.unit.sftp.conftest import Tree

MODULE = [sys.executable, "-P", "-m", "limavm.sftp"]
LANDLOCK = sys.platform != "win32" and landlock.version() >= landlock.MOVES

needs_landlock = pytest.mark.skipif(not LANDLOCK, reason="this kernel has no Landlock")


def run(*args: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([*MODULE, *args], input=given, capture_output=True, check=False)


def test_it_serves_as_the_host_agent_starts_it(tree: Tree) -> None:
    (tree.root / "f").write_text("x")

    with connected([*MODULE, "--root", str(tree.root)]) as served:
        assert served.client.load(tree.path("f")) == b"x"
        assert served.end() == (0, "" if LANDLOCK or sys.platform != "linux" else NO_WALL)


NO_WALL = "limavm.sftp: this kernel has no Landlock: the directory is guarded by this program alone\n"


@pytest.mark.parametrize(
    ("args", "status", "told"),
    [
        ([], 2, "--root is missing; usage: "),
        (["--root", "/nowhere/at/all"], 4, "/nowhere/at/all: No such file or directory"),
        (["--root", "/etc/passwd"], 4, "/etc/passwd: Not a directory"),
    ],
)
def test_what_cannot_be_served_ends_with_a_status_and_a_line(args: list[str], status: int, told: str) -> None:
    done = run(*args)

    assert done.returncode == status
    assert done.stderr.decode().startswith(f"limavm.sftp: {told}")
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""


def test_it_brings_only_what_it_needs() -> None:
    """It is started once for each mount, and again whenever one comes back."""
    program = "import sys; before = set(sys.modules); import limavm.sftp.main; print(*(set(sys.modules) - before))"

    loaded = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, check=True, text=True).stdout

    heavy = {"asyncio", "typing", "logging", "argparse", "subprocess", "dataclasses", "pathlib", "shutil", "re", "enum"}
    assert not heavy & set(loaded.split())
    assert {name for name in loaded.split() if name.startswith("limavm.") and "sftp" not in name} == set()


def walled(tree: Tree, script: str, *, read_only: bool = False) -> "subprocess.CompletedProcess[bytes]":
    """Run lines of Python behind the second wall alone; `root` and `outside` are the directories."""
    program = f"""
import os, sys
from limavm.sftp import confine, syscalls
root, outside = {str(tree.root)!r}, {str(tree.outside)!r}
assert confine.confine(os.open(root, syscalls.DIRECTORY), read_only={read_only})
exec(sys.argv[1])
"""
    return subprocess.run([sys.executable, "-P", "-c", program, script], capture_output=True, check=False)


@needs_landlock
def test_landlock_alone_lets_reach_only_the_directory(tree: Tree) -> None:
    (tree.root / "f").write_text("mine")

    done = walled(
        tree,
        "os.mkdir(root + '/d'); open(root + '/g', 'w').write('new'); os.rename(root + '/g', root + '/d/g'); "
        "print(open(root + '/f').read() + open(root + '/d/g').read())",
    )
    assert (done.returncode, done.stdout) == (0, b"minenew\n"), done.stderr

    for script in (
        "open(outside + '/secret').read()",
        "os.listdir(outside)",
        "open(outside + '/new', 'w')",
        "open(outside + '/secret', 'a')",
        "os.truncate(outside + '/secret', 0)",
        "os.remove(outside + '/secret')",
        "os.rename(root + '/f', outside + '/f')",
        "os.rename(outside + '/secret', root + '/stolen')",
        "os.link(outside + '/secret', root + '/stolen'); open(root + '/stolen').read()",
        "os.symlink(outside, root + '/out'); open(root + '/out/secret').read()",
        "os.listdir('/proc')",
        "os.execv('/bin/sh', ['sh', '-c', 'true'])",
        "os.mkfifo(root + '/pipe')",
    ):
        done = walled(tree, script)
        assert done.returncode != 0, script
        assert b"PermissionError" in done.stderr or b"OSError" in done.stderr, done.stderr
    assert sorted(os.listdir(tree.outside)) == ["deep", "secret"]
    assert (tree.outside / "secret").read_text() == "SECRET"


@needs_landlock
def test_landlock_alone_lets_change_nothing_if_the_mount_is_read_only(tree: Tree) -> None:
    (tree.root / "f").write_text("mine")

    assert walled(tree, "print(open(root + '/f').read())", read_only=True).stdout == b"mine\n"
    for script in (
        "open(root + '/f', 'w')",
        "open(root + '/f', 'a')",
        "os.remove(root + '/f')",
        "os.rename(root + '/f', root + '/g')",
        "os.mkdir(root + '/d')",
        "os.symlink('f', root + '/l')",
    ):
        done = walled(tree, script, read_only=True)
        assert b"PermissionError" in done.stderr, (script, done.stderr)
    assert os.listdir(tree.root) == ["f"]
    assert (tree.root / "f").read_text() == "mine"


@pytest.mark.skipif(shutil.which("sftp") is None, reason="OpenSSH's client is not installed")
def test_the_client_of_openssh_is_content(tree: Tree, tmp_path: Path) -> None:
    (tree.root / "there").write_bytes(bytes(range(256)) * 5000)
    local = tmp_path / "local"
    local.write_bytes(bytes(range(255, -1, -1)) * 3000)
    batch = "\n".join(
        [
            "pwd",
            *(f"get there {tmp_path}/got", f"put {local} sent", "mkdir d", "rename sent d/sent", "cd d", "ls -la"),
            *("symlink sent l", "chmod 600 sent", "ln sent hard", "rm hard", "df", f"get l {tmp_path}/again", "cd .."),
            *("mkdir e", "rmdir e", f"put -r {tmp_path}/tree tree", "-cd ..", "-get /etc/passwd", "pwd"),
        ]
    )
    (tmp_path / "tree" / "below").mkdir(parents=True)
    (tmp_path / "tree" / "below" / "leaf").write_text("leaf")

    done = subprocess.run(
        ["sftp", "-q", "-b", "-", "-D", " ".join([*MODULE, "--root", str(tree.root)])],
        input=batch.encode(),
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "got").read_bytes() == (tree.root / "there").read_bytes()
    assert (tmp_path / "again").read_bytes() == local.read_bytes() == (tree.root / "d" / "sent").read_bytes()
    assert (tree.root / "d" / "sent").stat().st_mode & 0o777 == 0o600
    assert (tree.root / "tree" / "below" / "leaf").read_text() == "leaf"
    assert sorted(os.listdir(tree.root)) == ["d", "there", "tree"]
    assert not (tmp_path / "passwd").exists()
    assert done.stdout.decode().count(f"Remote working directory: {tree.root}\n") == 2
