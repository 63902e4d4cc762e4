"""A program in our place: its exit code, its output after ours, and what is said when it is missing."""

import sys
from pathlib import Path

import pytest

from limavm.cli.become import become
from limavm.errors import UserError
from tests.unit.cli.harness import python


def test_what_was_printed_before_comes_first_and_the_exit_code_is_the_programs() -> None:
    done = python(
        "from limavm.cli.become import become\nprint('ours', end=' ')\nbecome(['sh', '-c', 'echo theirs; exit 7'])"
    )

    assert (done.returncode, done.stdout) == (7, "ours theirs\n")


def test_a_missing_program_is_named() -> None:
    with pytest.raises(UserError, match="no-such-program"):
        become(["no-such-program"])


@pytest.mark.skipif(sys.platform == "win32", reason="there is no exec")
@pytest.mark.parametrize(
    ("mode", "content", "said"),
    [(0o644, b"#!/bin/sh\n", "may not be run"), (0o755, b"\0\1\2\3", "not one for this system")],
)
def test_a_program_that_cannot_be_run_is_named(tmp_path: Path, mode: int, content: bytes, said: str) -> None:
    (tmp_path / "program").write_bytes(content)
    (tmp_path / "program").chmod(mode)

    with pytest.raises(UserError, match=said) as raised:
        become([str(tmp_path / "program"), "word"])

    assert "program" in str(raised.value)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other limits")
def test_a_command_that_is_too_long_is_told_so() -> None:
    with pytest.raises(UserError, match="too long"):
        become(["true", "x" * (1 << 20)])
