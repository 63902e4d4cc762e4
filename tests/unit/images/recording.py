"""A Reporter that remembers, and a Transfer that adds up."""

from collections.abc import Iterator
from contextlib import contextmanager

from limavm.model.report import Transfer


class Sum:
    def __init__(self, total: int | None = None) -> None:
        self.done = 0
        self.of = total

    def advance(self, amount: int) -> None:
        self.done += amount

    def total(self, amount: int) -> None:
        self.of = amount


class Recorder:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.transfers: list[tuple[str, Sum]] = []

    def info(self, message: str) -> None:
        self.lines.append(message)

    warning = error = debug = text = info

    @contextmanager
    def transfer(self, description: str, total: int | None = None) -> Iterator[Transfer]:
        self.transfers.append((description, Sum(total)))
        yield self.transfers[-1][1]
