import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest

from limavm.cli.menu import MenuUnavailableError, State, drawn, pressed, rows_of, select, split_keys
from tests.unit.cli.harness import Terminal, python

OPTIONS = ("apple", "Banana", "cherry")
UP, DOWN = b"\x1b[A", b"\x1b[B"

ASK = """
import sys
from limavm.cli import menu
from limavm.errors import UserError
try:
    print("chosen:", menu.select("Which?", sys.argv[1:]), flush=True)
except UserError as error:
    print("failed:", error, flush=True)
print("bye", flush=True)
sys.stdin.readline()
"""


def after(*keys: bytes, options: Sequence[str] = OPTIONS) -> State:
    state = State(options=tuple(options))
    for key in keys:
        state = pressed(state, key)
    return state


@pytest.mark.parametrize(
    ("keys", "choice"),
    [
        ([], "apple"),
        ([DOWN], "Banana"),
        ([DOWN, DOWN, DOWN], "apple"),
        ([UP], "cherry"),
        ([b"\t", b"\t"], "cherry"),
        ([b"AN"], "Banana"),
        ([b"c", b"h"], "cherry"),
        ([b"x"], None),
        ([b"x", b"\x7f"], "apple"),
        ([DOWN, b"e"], "apple"),
        ([b"x", DOWN], None),
        ([b"\x1b"], "apple"),
        ([b"c", b"\x1b"], "apple"),
        ([b"\x1b[C"], "apple"),
        ([b"\xff"], "apple"),
    ],
)
def test_keys_move_and_filter(keys: list[bytes], choice: str | None) -> None:
    assert after(*keys).choice == choice


def test_the_current_option_is_marked_and_seven_are_on_a_page() -> None:
    many = [f"option {number}" for number in range(20)]

    lines = drawn("Which?", after(*[DOWN] * 8, options=many))

    assert [line for line in lines if "option " in line] == [
        *("  option 7", "> option 8", "  option 9", "  option 10", "  option 11", "  option 12", "  option 13")
    ]
    assert lines[0] == "? Which?"


def test_on_a_low_terminal_a_page_is_shorter_and_turns_with_the_mark() -> None:
    assert drawn("Which?", after(DOWN, DOWN), 2)[2:] == ["> cherry", "  (3 options)"]


@pytest.mark.parametrize(("line", "rows"), [("", 1), ("x" * 20, 1), ("x" * 21, 2), ("x" * 61, 4)])
def test_what_a_narrower_terminal_has_wrapped_counts_as_several_rows(line: str, rows: int) -> None:
    assert rows_of(line, 20) == rows


def test_what_is_typed_is_shown() -> None:
    assert drawn("Which?", after(b"b"))[0] == "? Which? b"


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"\x1b[B\x1b[A\r", [DOWN, UP, b"\r"]),
        (b"ab\x7f", [b"a", b"b", b"\x7f"]),
        ("ä\x1bOBx".encode(), ["ä".encode(), b"\x1bOB", b"x"]),
        (b"\x1b[1;5C\x03", [b"\x1b[1;5C", b"\x03"]),
        (b"\x1b", [b"\x1b"]),
        (b"", []),
    ],
)
def test_keys_that_arrive_together_are_told_apart(data: bytes, keys: list[bytes]) -> None:
    assert split_keys(data) == keys


def test_without_a_terminal_there_is_no_menu() -> None:
    done = subprocess.run([sys.executable, "-c", ASK, "a"], input="\n", capture_output=True, text=True, check=False)

    assert "failed: there is no terminal" in done.stdout


def test_without_a_terminal_in_this_process_the_error_can_be_told_apart() -> None:
    code = "from limavm.cli import menu\ntry: menu.select('q', ['a'])\nexcept menu.MenuUnavailableError: print('so')"
    assert issubclass(MenuUnavailableError, Exception)
    assert callable(select)
    done = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.stdout == "so\n"


def test_confirm_without_a_terminal_is_no() -> None:
    assert (
        python(
            "import os; os.close(0); os.open('/dev/null', 0)\nfrom limavm.cli.menu import confirm; print(confirm('?'))"
        ).stdout
        == "False\n"
    )


@pytest.mark.parametrize("leave", ["signal", "end of input"])
def test_leaving_a_question_gets_a_line_of_its_own(leave: str) -> None:
    code = """
from limavm.cli.main import guarded
from limavm.cli.menu import confirm
guarded(lambda: print(confirm("Start it?")))
"""
    terminal = Terminal([sys.executable, "-c", code])
    try:
        terminal.expect("(Y/n) ")
        if leave == "signal":
            terminal.signal(signal.SIGINT)
        else:
            terminal.type("\x04")
        terminal.expect("interrupted")
        assert any(line.startswith("\x1b[31mFATA") for line in terminal.shown.replace("\r", "").split("\n"))
    finally:
        terminal.close()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal([sys.executable, "-c", ASK, *OPTIONS])
    yield terminal
    terminal.close()


@pytest.mark.parametrize(
    ("keys", "choice"), [("\r", "apple"), ("\x1b[B\r", "Banana"), ("\x1b[A\x1b[A\r", "Banana"), ("err\n", "cherry")]
)
def test_enter_accepts_on_a_terminal(terminal: Terminal, keys: str, choice: str) -> None:
    terminal.expect("> apple")

    terminal.type(keys)

    terminal.expect(f"chosen: {choice}")
    terminal.expect("bye")
    assert terminal.settings == terminal.before


def test_the_sequence_of_an_arrow_key_may_come_in_pieces(terminal: Terminal) -> None:
    terminal.expect("> apple")

    terminal.type("\x1b")
    terminal.type("[")
    terminal.type("B")
    terminal.expect("> Banana")
    terminal.type("\r")

    terminal.expect("chosen: Banana")


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_ctrl_c_aborts_and_the_terminal_is_as_it_was(terminal: Terminal, key: str) -> None:
    terminal.expect("> apple")

    terminal.type(key)

    terminal.expect("failed: interrupted")
    terminal.expect("bye")
    assert terminal.settings == terminal.before


def test_a_signal_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    terminal.expect("> apple")
    terminal.signal(signal.SIGINT)

    assert terminal.ended() != 0
    assert terminal.settings == terminal.before
