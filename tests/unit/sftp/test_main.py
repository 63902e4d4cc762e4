"""The process: how it starts, what it gives up, and the status that it ends with."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.sftp import landlock
from tests.fakes.sftpclient import OPENSSH, connected
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
        (["--root", "/", "--exec", "no-such-program"], 5, "no-such-program: no such program"),
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


def shell(tree: Tree, script: str, *args: str) -> "subprocess.CompletedProcess[bytes]":
    """A shell instead of an SFTP server, which tries things by itself."""
    sh = shutil.which("sh") or "/bin/sh"
    return run("--root", str(tree.root), *args, "--exec", sh, "-c", script)


@needs_landlock
def test_a_program_reaches_only_the_directory(tree: Tree) -> None:
    (tree.root / "f").write_text("mine")

    done = shell(tree, f"cd {tree.root} && cat f && echo new > g && mkdir d && mv g d/ && cat d/g")
    assert (done.returncode, done.stdout) == (0, b"minenew\n")

    for script in (
        f"cat {tree.outside}/secret",
        f"ls {tree.outside}",
        f"echo x > {tree.outside}/new",
        f"echo x >> {tree.outside}/secret",
        f"rm {tree.outside}/secret",
        f"mv {tree.root}/f {tree.outside}/f",
        f"mv {tree.outside}/secret {tree.root}/stolen",
        f"ln {tree.outside}/secret {tree.root}/stolen && cat {tree.root}/stolen",
        f"ln -s {tree.outside} {tree.root}/out; cat {tree.root}/out/secret",
        "ls /proc",
        f"cp /bin/sh {tree.root}/sh; {tree.root}/sh -c true",
        f"mkfifo {tree.root}/pipe",
    ):
        assert shell(tree, script).returncode != 0, script
    assert sorted(os.listdir(tree.outside)) == ["deep", "secret"]
    assert (tree.outside / "secret").read_text() == "SECRET"


@needs_landlock
def test_a_program_changes_nothing_if_the_mount_is_read_only(tree: Tree) -> None:
    (tree.root / "f").write_text("mine")

    assert shell(tree, f"cat {tree.root}/f", "--read-only").stdout == b"mine"
    for script in ("echo x > f", "echo x >> f", "rm f", "mv f g", "mkdir d", "ln -s f l"):
        assert shell(tree, f"cd {tree.root}; {script}", "--read-only").returncode != 0, script
    assert os.listdir(tree.root) == ["f"]
    assert (tree.root / "f").read_text() == "mine"


@needs_landlock
@pytest.mark.skipif(OPENSSH is None, reason="OpenSSH's server is not installed")
def test_the_server_of_openssh_works_behind_the_wall(tree: Tree) -> None:
    assert OPENSSH
    (tree.root / "f").write_text("x")

    with connected([*MODULE, "--root", str(tree.root), "--exec", OPENSSH, "-e", "-d", str(tree.root)]) as (client, _):
        assert client.load(tree.path("f")) == b"x"
        client.store(b"relative", b"y")
        assert client.names(tree.path("")) == [b"f", b"relative"]


def test_a_host_without_landlock_does_not_run_a_program(tree: Tree) -> None:
    program = f"""
import sys
from limavm.sftp import landlock
landlock.version = lambda: 0
from limavm.sftp.main import main
raise SystemExit(main(["--root", {str(tree.root)!r}, "--exec", "sh", "-c", "echo it runs"]))
"""
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, check=False)

    assert (done.returncode, done.stdout) == (3, b"")
    assert b"this host has no Landlock" in done.stderr


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
