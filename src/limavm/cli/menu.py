"""A menu on the terminal: arrow keys, filtering by typing, Enter (spec/cli.md 1.11).

What a key does and what is drawn are functions of a state; only `select` touches the terminal, and
leaves it as it was on every way out.
"""

import contextlib
import os
import re
import select as ready
import sys
from collections.abc import Iterator, Sequence

from limavm.cli.session import input_is_terminal
from limavm.errors import UserError
from limavm.model.value import Value

if sys.platform != "win32":
    import termios
    import tty

_PAGE = 7
_UP = (b"\x1b[A", b"\x1bOA", b"\x10")
_DOWN = (b"\x1b[B", b"\x1bOB", b"\x0e", b"\t")
_ENTER = (b"\r", b"\n")
_CTRL_C, _CTRL_D = b"\x03", b"\x04"
_KEY = re.compile(rb"\x1b[\[O][0-9;]*[A-Za-z~]|[\xc0-\xff][\x80-\xbf]*|.", re.DOTALL)
#: A sequence whose rest may be on its way, and how many seconds it has; after that it was the Escape key.
_BEGUN = re.compile(rb"\x1b([\[O][0-9;]*)?$")
_REST = 0.05
_BACKSPACE = (b"\x7f", b"\x08")
_ESCAPE = b"\x1b"


class MenuUnavailableError(UserError):
    """There is no terminal to draw a menu on."""


class MenuInterruptedError(UserError):
    """The user has left the menu by Ctrl-C; whether that is a failure is the caller's to say."""


class State(Value, frozen=True, kw_only=True):
    """What the user sees: the filter that was typed, and which of the matching options is marked."""

    options: tuple[str, ...]
    typed: str = ""
    marked: int = 0

    @property
    def matching(self) -> list[str]:
        """The options that contain what was typed, in any case."""
        return [option for option in self.options if self.typed.lower() in option.lower()]

    @property
    def choice(self) -> str | None:
        """The marked option, None when nothing matches."""
        matching = self.matching
        return matching[self.marked] if matching else None


def pressed(state: State, key: bytes) -> State:
    """The state after a key that neither accepts nor aborts."""
    count = len(state.matching)
    if key in _UP or key in _DOWN:
        step = -1 if key in _UP else 1
        return State(options=state.options, typed=state.typed, marked=(state.marked + step) % count if count else 0)
    if key in _BACKSPACE:
        return State(options=state.options, typed=state.typed[:-1])
    if key == _ESCAPE:
        return State(options=state.options)
    text = key.decode(errors="ignore")
    if text and text.isprintable():
        return State(options=state.options, typed=state.typed + text)
    return state


def drawn(question: str, state: State, page_size: int = _PAGE) -> list[str]:
    """The lines of the menu: the question, how to use it, and a page of options."""
    matching = state.matching
    first = state.marked // page_size * page_size
    page = matching[first : first + page_size]
    lines = [f"? {question} {state.typed}".rstrip(), "  (arrow keys move, typing filters, Enter accepts)"]
    lines += [f"{'>' if first + row == state.marked else ' '} {option}" for row, option in enumerate(page)]
    if len(matching) > page_size:
        lines.append(f"  ({len(matching)} options)")
    return lines


def select(question: str, options: Sequence[str]) -> str:
    """The option that the user chooses.

    Raises MenuUnavailableError without a terminal, MenuInterruptedError on Ctrl-C, UserError at the end of input.
    """
    if not input_is_terminal():
        raise MenuUnavailableError("there is no terminal on standard input to choose with")
    state = State(options=tuple(options))
    with _raw(sys.stdin.fileno()) as descriptor:
        shown = _redraw(drawn(question, state, _page()), ())
        for key in _keys(descriptor):
            if key == _CTRL_C:
                _redraw([], shown)
                raise MenuInterruptedError("interrupted")
            if key == _CTRL_D:
                break
            if key in _ENTER and state.choice is not None:
                _redraw([f"? {question} {state.choice}"], shown)
                return state.choice
            state = pressed(state, key)
            shown = _redraw(drawn(question, state, _page()), shown)
        _redraw([], shown)
        raise UserError("interrupted")


def confirm(question: str, *, default: bool = True) -> bool:
    """Ask a question until it is answered with yes or no; Enter is the default, no terminal is "no"."""
    if not input_is_terminal():
        return False
    while True:
        try:
            print(f"? {question} ({'Y/n' if default else 'y/N'}) ", end="", flush=True)
            line = sys.stdin.readline()
        except KeyboardInterrupt:
            # The message has a line of its own, not the rest of the question's.
            print(flush=True)
            raise
        if not line:
            print(flush=True)
            raise UserError("interrupted")
        answer = line.strip().lower()
        if not answer:
            return default
        if answer in ("y", "yes", "n", "no"):
            return answer.startswith("y")


def _redraw(lines: Sequence[str], shown: Sequence[str]) -> list[str]:
    """Replace the lines `shown` above the cursor; returns those that are there now."""
    width = _size().columns
    rows = sum(rows_of(line, width) for line in shown)
    up = f"\x1b[{rows}A" if rows else ""
    cut = [line[: width - 1] for line in lines]
    sys.stdout.write(f"{up}\r\x1b[J" + "".join(f"{line}\r\n" for line in cut))
    sys.stdout.flush()
    return cut


def rows_of(line: str, width: int) -> int:
    """How many rows a line has on a terminal that has become so narrow meanwhile: what is too long is wrapped."""
    return max(1, -(-len(line) // width))


def _page() -> int:
    """How many options fit under the question, and above the line that counts them and the cursor."""
    return max(1, min(_PAGE, _size().lines - 4))


def _size() -> os.terminal_size:
    try:
        found = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        found = os.terminal_size((0, 0))
    return os.terminal_size((found.columns or 80, found.lines or 24))


def _keys(descriptor: int) -> Iterator[bytes]:
    """Each key as it is pressed, until the input ends."""
    while data := os.read(descriptor, 256):
        # A slow line brings the sequence of an arrow key in pieces.
        while _BEGUN.search(data) and ready.select([descriptor], [], [], _REST)[0]:
            rest = os.read(descriptor, 256)
            if not rest:
                break
            data += rest
        yield from split_keys(data)


def split_keys(data: bytes) -> list[bytes]:
    """The keys in what a terminal sent at once: characters of UTF-8 and escape sequences."""
    return _KEY.findall(data)


if sys.platform == "win32":

    def _raw(_descriptor: int) -> contextlib.AbstractContextManager[int]:
        raise MenuUnavailableError("menus are not drawn on Windows")

else:

    @contextlib.contextmanager
    def _raw(descriptor: int) -> Iterator[int]:
        """The terminal without echo and line editing; keys come as they are pressed, Ctrl-C as a key."""
        before = termios.tcgetattr(descriptor)
        try:
            tty.setraw(descriptor, termios.TCSADRAIN)
            yield descriptor
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
