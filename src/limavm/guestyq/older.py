"""What Python 3.10 lacks of what the yq room uses, put where Python 3.11 has it."""

import datetime
import enum
import re
import sys
import typing


def complete() -> None:
    """Add what is missing; nothing is replaced."""
    if not hasattr(enum, "StrEnum"):
        enum.StrEnum = _StrEnum  # type: ignore[assignment, attr-defined, misc, unused-ignore]
    if not hasattr(datetime, "UTC"):
        datetime.UTC = datetime.timezone.utc  # type: ignore[attr-defined, unused-ignore]
    if not hasattr(typing, "assert_never"):
        typing.assert_never = _assert_never  # type: ignore[attr-defined, unused-ignore]
    if sys.version_info < (3, 11):
        re.compile = compiler(re.compile)  # type: ignore[assignment, unused-ignore]


def compiler(compile_: "typing.Callable[..., re.Pattern[str]]") -> "typing.Callable[..., re.Pattern[str]]":
    """`re.compile` for patterns with `*+` and `++`, which are `*` and `+` in less time for ours."""

    def compiled(pattern: str, flags: int = 0) -> "re.Pattern[str]":
        try:
            return compile_(pattern, flags)
        except re.error:
            return compile_(pattern.replace("*+", "*").replace("++", "+"), flags)

    return compiled


class _StrEnum(str, enum.Enum):
    """Texts that are members; `auto()` is the name in small letters."""

    @staticmethod
    def _generate_next_value_(name: str, _start: int, _count: int, _last: "list[str]") -> str:
        return name.lower()

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(str(self.value), spec)


def _assert_never(value: object) -> "typing.NoReturn":
    raise AssertionError(f"not expected: {value!r}")
