"""Progress of long work: a bar on a terminal, a line every few seconds elsewhere (spec/cli.md 1.8).

Work that takes less than a second shows nothing. rich is loaded when the first bar appears.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from limavm.cli import logs
from limavm.model.report import Transfer
from limavm.model.size import format_size

if TYPE_CHECKING:
    from rich.progress import Progress

Clock = Callable[[], float]

#: Seconds before anything is shown, and between two lines where there is no terminal.
_SILENCE = 1.0
_INTERVAL = 5.0

#: What is done this early, in seconds, was there before: an interrupted download begins with what it has.
_INSTANT = 0.01


class LogReporter:
    """A `Reporter` that writes log lines, and draws bars if standard error is a terminal."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._warned: set[str] = set()

    def info(self, message: str) -> None:
        """A step began or ended."""
        logs.info(message)

    def warning(self, message: str) -> None:
        """Something is not as asked, and work goes on. Said once, whichever steps find out again."""
        if message not in self._warned:
            self._warned.add(message)
            logs.warning(message)

    def error(self, message: str) -> None:
        """Something failed; an exception says what follows from it."""
        logs.error(message)

    def debug(self, message: str) -> None:
        """Detail that only `--debug` shows."""
        logs.debug(message)

    def text(self, message: str) -> None:
        """Words of a template's author, on standard error as they are, but for what would drive the terminal."""
        logs.raw(message)

    @contextlib.contextmanager
    def transfer(self, description: str, total: int | None = None) -> Iterator[Transfer]:
        """A bar, or lines now and then, for as long as the context lasts."""
        show = _Bar(description) if logs.on_terminal() and logs.is_text() and logs.shown(logs.INFO) else _Lines()
        work = Work(description, total, self._clock, show)
        try:
            yield work
        finally:
            show.close()


class Work:
    """One transfer: counts, and tells `show` when there is something to see. Threads may share it."""

    def __init__(self, description: str, total: int | None, clock: Clock, show: "_Lines | _Bar") -> None:
        self.description = description
        self.amount = 0
        self.before = 0
        self.size = total
        self._clock = clock
        self._begun = clock()
        self._show = show
        self._lock = threading.Lock()

    def advance(self, amount: int) -> None:
        """`amount` more units are done."""
        with self._lock:
            self.amount += amount
            if self.elapsed < _INSTANT:
                self.before = self.amount
            self._tell()

    def total(self, amount: int) -> None:
        """The number of units became known, or changed."""
        with self._lock:
            self.size = amount
            self._tell()

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return self._clock() - self._begun

    def _tell(self) -> None:
        if self.elapsed >= _SILENCE:
            self._show.update(self)


class _Lines:
    """A log line every few seconds."""

    def __init__(self) -> None:
        self._next = _SILENCE

    def update(self, work: Work) -> None:
        """Write a line if the last one is old enough."""
        if work.elapsed >= self._next:
            self._next = work.elapsed + _INTERVAL
            logs.info(f"{work.description}: {_tail(work)}")

    def close(self) -> None:
        """Nothing is left on the screen."""


class _Bar:
    """A bar of rich below the log lines, removed at the end."""

    def __init__(self, description: str) -> None:
        self._description = description
        self._progress: Progress | None = None

    def update(self, work: Work) -> None:
        """Move the bar; the first call makes it appear."""
        if self._progress is None:
            self._progress = _rich_progress()
            self._progress.add_task(self._description, total=work.size, state="")
            self._progress.start()
        task = self._progress.task_ids[0]
        self._progress.update(task, completed=work.amount, total=work.size, state=_tail(work))

    def close(self) -> None:
        """Remove the bar and give the terminal back as it was."""
        if self._progress is not None:
            self._progress.stop()


def _rich_progress() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[state]}", markup=False),
        console=Console(stderr=True, highlight=False),
        refresh_per_second=5,
        transient=True,
    )


def _tail(work: Work) -> str:
    return state(work.amount, work.size, work.elapsed, before=work.before)


def state(amount: int, size: int | None, elapsed: float, *, before: int = 0) -> str:
    """`120MiB of 400MiB (30%), 24MiB/s, 11s left`; what is not known is left out, and the rate at the end.

    `before` says how much of the amount was there already, and says nothing about the rate.
    """
    rate = max(0, amount - before) / elapsed if elapsed > 0 else 0.0
    parts = [format_size(amount)]
    if size:
        parts[0] += f" of {format_size(size)} ({min(100, amount * 100 // size)}%)"
    if rate >= 1 and not (size and amount >= size):
        parts.append(f"{format_size(int(rate))}/s")
        if size and size > amount:
            parts.append(f"{span((size - amount) / rate)} left")
    return ", ".join(parts)


def span(seconds: float) -> str:
    """A time to wait in a person's words: `45s`, `3m05s`, `2h10m`."""
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
