"""A Reporter that keeps what it is told."""

import contextlib
from collections.abc import Iterator

from limavm.model.report import Transfer


class KeptReport:
    """Lines as `level: message`, transfers as `description`."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.transfers: list[str] = []

    def info(self, message: str) -> None:
        self.lines.append(f"info: {message}")

    def warning(self, message: str) -> None:
        self.lines.append(f"warning: {message}")

    def error(self, message: str) -> None:
        self.lines.append(f"error: {message}")

    def debug(self, message: str) -> None:
        self.lines.append(f"debug: {message}")

    def text(self, message: str) -> None:
        self.lines += message.splitlines()

    @contextlib.contextmanager
    def transfer(self, description: str, total: int | None = None) -> Iterator[Transfer]:
        self.transfers.append(description)
        yield _Nothing()


class _Nothing:
    def advance(self, amount: int) -> None:
        pass

    def total(self, amount: int) -> None:
        pass
