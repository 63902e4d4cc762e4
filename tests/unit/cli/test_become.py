"""A program in our place: its exit code, its output after ours, and what is said when it is missing."""

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
