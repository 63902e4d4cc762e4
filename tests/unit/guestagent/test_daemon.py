"""What the daemon needs before it can serve; test_main.py has one that serves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.guestagent.daemon import Options, read_token, serve

POSIX = pytest.mark.skipif(os.name == "nt", reason="a guest is no Windows")


def test_a_token_is_the_text_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    (tmp_path / "empty").write_text("\n")

    assert read_token("") == ""
    assert read_token(str(tmp_path / "token")) == "secret"
    with pytest.raises(ValueError, match="empty"):
        read_token(str(tmp_path / "empty"))
    with pytest.raises(FileNotFoundError):
        read_token(str(tmp_path / "none"))


@POSIX
def test_a_token_file_that_is_missing_starts_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert serve(Options(token_file=str(tmp_path / "none"))) == 1
    assert "No such file" in caplog.text


@POSIX
@pytest.mark.parametrize("hard", [1000, 15000])
def test_as_many_files_are_allowed_as_can_be(hard: int) -> None:
    program = "import resource; from limavm.guestagent.daemon import allow_many_files; allow_many_files(); "
    program += "print(*resource.getrlimit(resource.RLIMIT_NOFILE))"
    command = f"ulimit -Sn 100 && ulimit -Hn {hard} && exec {sys.executable} -c '{program}'"

    done = subprocess.run(["sh", "-c", command], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    # Only root may go beyond the hard limit, and not in every container.
    assert done.stdout.decode().split() in ([str(hard)] * 2, ["32768"] * 2)
