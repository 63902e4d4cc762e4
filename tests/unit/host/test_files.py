import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from limavm.errors import BusyError
from limavm.host import files
from tests.unit.images.sparse import allocated

HOLDER = (
    "import sys; from limavm.host.files import locked\nwith locked(sys.argv[1]): print('held', flush=True); input()"
)


def test_a_text_is_read_and_a_missing_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"caf\xc3\xa9 \xff")

    assert files.read_text(str(tmp_path / "a")) == "café \udcff"
    assert files.read_text(str(tmp_path / "b")) is None


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    files.write_atomic(str(path), b"new", 0o600)

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["a"]


def test_a_reader_keeps_the_file_it_opened(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        files.write_atomic(str(path), b"new")

        assert reader.read() == b"old"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_keeps_the_old_file_and_leaves_nothing(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail() -> None:
        with files.replacing(str(path)) as partial:
            Path(partial).write_bytes(b"half")
            raise error

    with pytest.raises(error):
        fail()

    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_body_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), files.replacing(str(tmp_path / "a")):
        pass


def leftover(tmp_path: Path) -> Path:
    """A cached file, and a link to it that a killed process with our PID had begun to place at `a`."""
    cached = tmp_path / "cached"
    cached.write_bytes(b"cached")
    os.link(cached, tmp_path / f"a.{os.getpid()}.tmp")
    return cached


@pytest.mark.parametrize(
    "place",
    [
        lambda source, target: files.write_atomic(target, b"content"),
        lambda source, target: files.link_or_clone(source, target),
    ],
)
def test_a_leftover_link_with_our_pid_is_not_written_through(place: Callable[[str, str], None], tmp_path: Path) -> None:
    cached = leftover(tmp_path)

    place(str(cached), str(tmp_path / "a"))

    assert cached.read_bytes() == b"cached"
    assert sorted(os.listdir(tmp_path)) == ["a", "cached"]


def test_sweeping_removes_what_matches_and_nothing_else(tmp_path: Path) -> None:
    for name in ("a.1.tmp", "a.2.tmp", "a", "b.tmp", "b.1.tmp.keep"):
        (tmp_path / name).touch()

    files.sweep(str(tmp_path), "a.*.tmp", "nothing")

    assert sorted(os.listdir(tmp_path)) == ["a", "b.1.tmp.keep", "b.tmp"]


def test_a_link_costs_no_copy(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")

    files.link_or_clone(str(tmp_path / "a"), str(tmp_path / "b"))

    assert (tmp_path / "a").samefile(tmp_path / "b")


def test_linking_twice_leaves_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")

    for _ in range(2):
        files.link_or_clone(str(tmp_path / "a"), str(tmp_path / "b"))

    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_a_missing_source_leaves_no_target(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.link_or_clone(str(tmp_path / "a"), str(tmp_path / "b"))

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"x",
        bytes(5 << 20),
        b"x" + bytes(5 << 20) + b"y",
        bytes(3 << 20) + b"y",
        os.urandom(1 << 20) + bytes(70_000) + b"z" * 70_000 + bytes(100),
    ],
)
def test_a_copy_has_the_same_bytes_and_keeps_holes(content: bytes, tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(content)

    files.clone(str(source), str(tmp_path / "b"))

    assert (tmp_path / "b").read_bytes() == content
    assert allocated(tmp_path / "b") <= len(content.strip(b"\0")) + 300_000


def test_a_source_with_holes_is_not_read_through(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(1 << 40)
        file.seek(1 << 35)
        file.write(b"island")

    files.clone(str(tmp_path / "a"), str(tmp_path / "b"))

    assert (tmp_path / "b").stat().st_size == 1 << 40
    with (tmp_path / "b").open("rb") as file:
        file.seek(1 << 35)
        assert file.read(7) == b"island\0"


def held(path: Path) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-c", HOLDER, str(path)]
    holder = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_lock_excludes_other_processes_until_its_holder_is_gone(tmp_path: Path) -> None:
    holder = held(tmp_path)

    with pytest.raises(BusyError, match="busy"), files.locked(str(tmp_path), wait=False, busy="busy"):
        pass

    holder.kill()
    holder.communicate()
    with files.locked(str(tmp_path), wait=False):
        pass


def test_a_lock_may_be_waited_for(tmp_path: Path) -> None:
    holder = held(tmp_path)
    waiter = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    holder.communicate("\n")

    assert waiter.communicate("\n")[0] == "held\n"


def test_a_lock_of_a_directory_that_was_removed_meanwhile_is_worth_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "a"
    directory.mkdir()
    holder = held(directory)
    waiter = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    directory.rmdir()
    holder.communicate("\n")

    out, err = waiter.communicate("\n")

    assert out == ""
    assert "FileNotFoundError" in err


def test_a_missing_file_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), files.locked(str(tmp_path / "missing")):
        pass


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_full_disk_is_told_with_the_file_that_could_not_be_written(tmp_path: Path) -> None:
    target = tmp_path / "file"

    with (
        pytest.raises(OSError, match="No space left") as caught,
        files.replacing(str(target)),
        open("/dev/full", "wb", buffering=0) as full,
    ):
        full.write(b"x")

    assert caught.value.filename == str(target)
