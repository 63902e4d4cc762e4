"""How long work tells its progress without knowing a terminal."""

from contextlib import AbstractContextManager
from typing import Protocol


class Transfer(Protocol):
    """A running transfer or a step with a known or unknown number of units."""

    def advance(self, amount: int) -> None:
        """`amount` more units (bytes, packages) are done."""

    def total(self, amount: int) -> None:
        """The number of units became known, or changed."""


class Reporter(Protocol):
    """Where a use case says what it does: one line a step that the user would name."""

    def info(self, message: str) -> None:
        """A step began or ended."""

    def warning(self, message: str) -> None:
        """Something is not as asked, and work goes on."""

    def error(self, message: str) -> None:
        """Something failed; an exception says what follows from it."""

    def debug(self, message: str) -> None:
        """Detail that only `--debug` shows."""

    def text(self, message: str) -> None:
        """Words of a template's author, shown line by line as they are."""

    def transfer(self, description: str, total: int | None = None) -> AbstractContextManager[Transfer]:
        """A progress bar for as long as the context lasts; `total` in bytes when known."""
