"""What qemu-img cannot do is told with what to do about it."""

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.host.process import ProcessError
from limavm.images import datadisk
from limavm.images.qemuimg import hint

if sys.platform != "win32":
    import resource

    @pytest.fixture
    def limited() -> Iterator[None]:
        """No file of more than a mebibyte can be written."""
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    @pytest.mark.usefixtures("limited")
    def test_a_limit_of_the_process_is_named_instead_of_the_format(tmp_path: Path) -> None:
        path = str(tmp_path / "datadisk")
        datadisk.create(path, 512, "raw")

        with pytest.raises(ProcessError) as caught:
            datadisk.grow(path, 1 << 30)

        assert "ulimit -f" in (caught.value.hint or "")
        assert os.path.getsize(path) == 512


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "make room"), (errno.EROFS, "read-only"), (errno.EACCES, "ls -ld"), (errno.EPERM, "ls -ld")],
)
def test_the_words_of_the_system_are_known(number: int, words: str) -> None:
    said = f"qemu-img: Could not open '/x/disk': {os.strerror(number)}\n"

    assert words in (hint(said, 1) or "")


def test_a_file_that_somebody_else_writes_to_is_told(tmp_path: Path) -> None:
    said = (
        """qemu-img: Could not open 'disk': Failed to get "write" lock\nIs another process using the image [disk]?\n"""
    )

    assert "limactl list" in (hint(said, 1) or "")


def test_of_what_is_not_known_nothing_is_said() -> None:
    assert hint("qemu-img: it is Monday\n", 1) is None
