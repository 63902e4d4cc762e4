"""Lists that change, shown once or again at each change: as a table that is drawn in its place, or as JSON."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from limavm.cli import logs
from limavm.cli.main import INTERRUPTED
from limavm.cli.reader import ended_with_reader
from limavm.cli.session import output_is_terminal

_T = TypeVar("_T")

#: Go to the begin of the line so many lines up, and clear all from there.
_UP = "\x1b[{}F\x1b[J"


class View(Generic[_T]):
    """How a list is shown. A table gets the width of the terminal, None where output goes elsewhere."""

    def __init__(
        self,
        *,
        table: Callable[[Sequence[_T], int | None], str],
        json_lines: Callable[[Sequence[_T]], str],
        json_list: Callable[[Sequence[_T]], str],
    ) -> None:
        self._table = table
        self._json_lines = json_lines
        self._json_list = json_list

    def show(self, found: Sequence[_T], *, json: bool) -> None:
        """Show a list once; as JSON it is an object a line."""
        sys.stdout.write(self._json_lines(found) if json else self._table(found, terminal_size()[0]))

    def watch(self, name: str, lists: Iterable[Sequence[_T]], *, json: bool) -> int:
        """Show each list of an instance until there are no more, as JSON on a line; returns the exit code."""
        try:
            with ended_with_reader():
                if json:
                    _write_each(map(self._json_list, lists))
                elif output_is_terminal():
                    self._redraw(lists)
                else:
                    _write_each(self._table(found, None) + "\n" for found in lists)
        except KeyboardInterrupt:  # the way to end it, so nothing is said about it
            return INTERRUPTED
        logs.info(f"The instance {name!r} has stopped")
        return 0

    def _redraw(self, lists: Iterable[Sequence[_T]]) -> None:
        """Draw each table in the place of the last one."""
        drawn = 0
        for found in lists:
            lines = self.screenful(found, *terminal_size())
            sys.stdout.write((_UP.format(drawn) if drawn else "") + "".join(lines))
            sys.stdout.flush()
            drawn = len(lines)

    def screenful(self, found: Sequence[_T], width: int | None, height: int | None) -> list[str]:
        """The lines of the table that a terminal has room for, so that none of them leaves it at the top."""
        lines = self._table(found, width).splitlines(keepends=True)
        room = max((height or len(lines) + 1) - 1, 2)
        if len(lines) <= room:
            return lines
        more = f"and {len(lines) - room + 1} more"
        return [*lines[: room - 1], more[:width] + "\n"]


def _write_each(texts: Iterable[str]) -> None:
    for text in texts:
        sys.stdout.write(text)
        sys.stdout.flush()


def terminal_size() -> tuple[int | None, int | None]:
    """Columns and lines of the terminal; None where output goes elsewhere."""
    if not output_is_terminal():
        return None, None
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return None, None
    return size.columns or None, size.lines or None
