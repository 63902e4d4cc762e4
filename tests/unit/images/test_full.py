import errno
import os
from pathlib import Path

import pytest

from limavm.images.full import told_as_full


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_file_system_is_named_with_what_makes_room(number: int, tmp_path: Path) -> None:
    path = str(tmp_path / "missing" / "basedisk")

    told = told_as_full(OSError(number, os.strerror(number), path))

    assert told
    assert told.where == path
    mount = told.message.removeprefix("the file system ").partition(" ")[0]
    assert os.path.ismount(mount)
    assert path.startswith(mount)
    assert "`limactl prune`" in str(told.hint)
    assert "LIMA_HOME" in str(told.hint)


def test_a_file_that_nobody_knows_is_not_made_up() -> None:
    told = told_as_full(OSError(errno.ENOSPC, "full"))

    assert told
    assert (told.message, told.where) == ("a file system is full", None)


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "no", "/x"), OSError("odd")])
def test_another_error_is_not_told_so(error: OSError) -> None:
    assert told_as_full(error) is None
