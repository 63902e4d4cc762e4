"""What Python 3.10 lacks is completed, and nothing is replaced."""

import datetime
import enum
import re
import typing

import pytest

from limavm.guestyq import older


def test_a_newer_python_is_left_as_it_is() -> None:
    before = (enum.StrEnum, datetime.UTC, typing.assert_never, re.compile)

    older.complete()

    assert (enum.StrEnum, datetime.UTC, typing.assert_never, re.compile) == before


def test_texts_that_are_members_behave_as_pythons() -> None:
    class Ours(older._StrEnum):
        A = enum.auto()
        B = "x"

    class Theirs(enum.StrEnum):
        A = enum.auto()
        B = "x"

    assert [(one.value, str(one), f"{one:>3}", one == one.value) for one in Ours] == [
        (one.value, str(one), f"{one:>3}", one == one.value) for one in Theirs
    ]


def test_patterns_that_give_nothing_back_become_ordinary_ones() -> None:
    def of_3_10(pattern: str, flags: int = 0) -> "re.Pattern[str]":
        if "*+" in pattern:
            raise re.error("multiple repeat")
        return re.compile(pattern, flags)

    compiled = older.compiler(of_3_10)

    assert compiled("a*+b").pattern == "a*b"
    with pytest.raises(re.error):
        compiled("(")
