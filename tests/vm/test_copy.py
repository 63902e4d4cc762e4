"""Files between host and guest on a real machine: `limactl copy` with both programs, and `copyToHost`."""

import contextlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.limactl import Limactl

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm

needs_rsync = pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")
BACKENDS = ["scp", pytest.param("rsync", marks=needs_rsync)]
#: What shells, URIs and patterns would rather not have in a name.
NAMES = ['it\'s a "b"', "100%+1", "-ünï$(x)"]
TIME = 1577880000


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with names, modes, times and a link that should arrive."""
    top = tmp_path / "a tree"
    (top / "sub").mkdir(parents=True)
    for name in NAMES:
        (top / "sub" / name).write_text(name)
    (top / "program").write_bytes(os.urandom(300_000))
    (top / "program").chmod(0o750)
    os.utime(top / "program", (TIME, TIME))
    (top / "link").symlink_to("program")
    return top


def content(top: Path) -> dict[str, bytes]:
    """Every file below a directory, links followed."""
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tree_goes_there_and_comes_back(limactl: Limactl, machine: str, tree: Path, backend: str) -> None:
    place, back = f"{machine}:/tmp/copied by {backend}", tree.parent / "back"

    limactl.ok("copy", f"--backend={backend}", "-a", str(tree), place)
    asked = ["stat", "-c", "%a %Y %F", f"/tmp/copied by {backend}/program", f"/tmp/copied by {backend}/link"]
    there = limactl.ok("shell", machine, *asked).splitlines()
    limactl.ok("cp", f"--backend={backend}", "-a", place, str(back))

    assert content(back) == content(tree)
    program = (back / "program").stat()
    assert (stat.S_IMODE(program.st_mode), program.st_mtime) == (0o750, TIME)
    assert there[0] == f"750 {TIME} regular file"
    assert there[1].endswith("symbolic link") is (backend == "rsync")
    assert (back / "link").is_symlink() is (backend == "rsync")


@pytest.mark.parametrize("backend", BACKENDS)
def test_on_a_terminal_it_is_shown_how_far_a_copy_is(limactl: Limactl, machine: str, tree: Path, backend: str) -> None:
    ours, terminal = os.openpty()
    words = limactl.argv("copy", f"--backend={backend}", str(tree / "program"), f"{machine}:/tmp/shown-{backend}")
    argv = ["setsid", "--ctty", "--wait", *words]  # scp shows it only to whom the terminal belongs
    with subprocess.Popen(argv, stdin=terminal, stdout=terminal, stderr=terminal, env=limactl.environment()) as child:
        os.close(terminal)
        shown = b"".join(parts_of(ours))
    os.close(ours)

    assert child.returncode == 0, shown
    assert b"100%" in shown


def parts_of(terminal: int) -> Iterator[bytes]:
    """What is written to a terminal until nobody has it any more, which is an error on Linux."""
    with contextlib.suppress(OSError):
        while part := os.read(terminal, 4096):
            yield part


def test_a_tree_goes_from_one_machine_to_another(limactl: Limactl, machine: str, forwarding: str, tree: Path) -> None:
    first, second, back = f"{machine}:/tmp/sent", f"{forwarding}:/tmp/received", tree.parent / "back"

    limactl.ok("copy", "--backend=scp", "-r", str(tree), first)
    limactl.ok("copy", "-r", first, second)
    limactl.ok("copy", "--backend=scp", "-r", second, str(back))

    assert content(back) == content(tree)


@pytest.mark.parametrize("backend", BACKENDS)
def test_files_with_odd_names_go_home_and_come_back(limactl: Limactl, machine: str, tree: Path, backend: str) -> None:
    files = [str(tree / "sub" / name) for name in NAMES]

    limactl.ok("copy", f"--backend={backend}", *files, f"{machine}:")
    limactl.ok("copy", f"--backend={backend}", *(f"{machine}:{name}" for name in NAMES), str(tree.parent))

    assert [(tree.parent / name).read_text() for name in NAMES] == NAMES


@pytest.mark.parametrize(("backend", "code"), [("scp", 255), pytest.param("rsync", 23, marks=needs_rsync)])
def test_a_missing_source_has_the_exit_code_of_the_program(
    limactl: Limactl, machine: str, tmp_path: Path, backend: str, code: int
) -> None:
    done = limactl.run("copy", f"--backend={backend}", str(tmp_path / "nope"), f"{machine}:")

    assert done.returncode == code
    assert "No such file" in done.stderr


def test_files_of_the_guest_are_on_the_host_when_the_machine_is_ready(limactl: Limactl, machine: str) -> None:
    copies = limactl.home / machine / "copied-from-guest"
    user = limactl.instance(machine)["config"]["user"]["name"]

    assert (copies / "provision.data").read_text() == f"hello {user}\n"
    assert "root:" in (copies / "only-for-root").read_text()
    assert {stat.S_IMODE(path.stat().st_mode) for path in copies.iterdir()} == {0o600}
    assert sorted(path.name for path in copies.iterdir()) == ["only-for-root", "provision.data"]
