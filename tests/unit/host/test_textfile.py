import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from limavm.errors import NotFoundError, UserError
from limavm.host import textfile

MIB = 1 << 20


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * MIB)

    assert len(textfile.read(str(tmp_path / "a"), MIB)) == MIB


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("large", "the text is larger than 1 MiB\n  where: .*/large"),
        (".", "the text cannot be read: Is a directory\n"),
        ("x" * 300, "the text cannot be read: File name too long\n"),
        ("a\0b", "the text cannot be read: embedded null byte\n"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_path(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "large").write_bytes(b"x" * (MIB + 1))

    with pytest.raises(UserError, match=message):
        textfile.read(os.path.join(tmp_path, name), MIB, "the text")


@pytest.mark.parametrize("name", ["missing", "missing/a", "file/a"])
def test_a_file_that_is_not_there_is_told_from_others(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(NotFoundError, match="the file does not exist"):
        textfile.read(str(tmp_path / name), MIB)
    assert textfile.read_if_any(str(tmp_path / name), MIB) is None
    assert textfile.read_if_any(str(tmp_path / "file"), MIB) == b""


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    # The umask is one of the whole process.
    script = (
        f"import os; os.umask(0o027); from limavm.host import textfile; textfile.write({str(tmp_path / 'a')!r}, b'x')"
    )

    subprocess.run([sys.executable, "-c", script], check=True)

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    assert (tmp_path / "a").read_bytes() == b"x"


def test_a_file_keeps_its_mode_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o400)

    textfile.write(str(path), b"new")

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path, exists: bool) -> None:
    target = tmp_path / "directory" / "target"
    target.parent.mkdir()
    if exists:
        target.write_bytes(b"old")
    (tmp_path / "link").symlink_to("directory/target")

    textfile.write(str(tmp_path / "link"), b"new")

    assert (tmp_path / "link").is_symlink()
    assert target.read_bytes() == b"new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("there are no named pipes in directories")
    path = tmp_path / "pipe"
    os.mkfifo(path)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(path.read_bytes()))
    reader.start()

    textfile.write(str(path), b"new")

    reader.join()
    assert found == [b"new"]
    assert path.is_fifo()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (".", "the schema cannot be written: Is a directory\n  where: "),
        ("missing/a", "cannot be written: No such file or directory"),
        ("file/a", "cannot be written: Not a directory"),
        ("loop", "cannot be written: Too many levels of symbolic links"),
    ],
)
def test_what_cannot_be_written_is_an_error_with_its_path(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(UserError, match=message):
        textfile.write(os.path.join(tmp_path, name), b"new", "the schema")
