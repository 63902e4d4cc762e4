"""The process that has everything loaded, and those that it forks: real ones, in a program of their own."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

if sys.platform != "linux":
    pytest.skip("a guest is Linux", allow_module_level=True)

#: Each child says a line with its number and what the test's `{serve}` does; nothing is imported after the first fork.
PROGRAM = """
import os, signal, sys, time
from limavm.guestagent.keeper import keep

def serve():
    # A module is loaded again by nobody, so a fork sees the same object.
    print(os.getpid(), os.getppid(), id(keep), flush=True)
    {serve}

sys.exit(keep(serve, penance={penance}, grace={grace}))
"""
PATIENCE = 20


class Kept:
    """A keeper, and the children that it told of."""

    def __init__(self, program: "subprocess.Popen[str]") -> None:
        self.program = program

    def line(self) -> str:
        """What a child says next."""
        assert self.program.stdout
        return self.program.stdout.readline()

    def child(self) -> tuple[int, int]:
        """The next child, when it has begun; its PID, and what would be another one had it loaded the agent again."""
        pid, parent, loaded = map(int, self.line().split())
        assert parent == self.program.pid
        return pid, loaded

    def end(self) -> tuple[int, str]:
        """Status and words, once it has ended and everybody who has its pipes."""
        out, err = self.program.communicate(timeout=PATIENCE)
        assert out == ""
        return self.program.returncode, err


@contextlib.contextmanager
def kept(serve: str, *, penance: float = 60, grace: float = 60) -> Iterator[Kept]:
    code = PROGRAM.format(serve=serve, penance=penance, grace=grace)
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            yield Kept(program)
        finally:
            program.kill()


SLEEPS = "signal.pause()"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_child_that_is_killed_has_a_successor_that_loads_nothing(number: signal.Signals) -> None:
    with kept(SLEEPS, penance=0) as keeper:
        first, loaded = keeper.child()

        os.kill(first, number)

        second, again = keeper.child()
        assert first != second
        assert loaded == again
        keeper.program.terminate()
        status, words = keeper.end()
        assert status == 0
        assert number.name in words


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both(number: signal.Signals) -> None:
    with kept(SLEEPS) as keeper:
        keeper.child()

        keeper.program.send_signal(number)

        assert keeper.end() == (0, "")


def test_a_signal_to_all_ends_all_and_a_child_that_ends_by_itself_is_no_defect() -> None:
    """As systemd stops a service: the child's own handler makes it end in order, status 0."""
    serve = "signal.signal(signal.SIGTERM, lambda *_: os._exit(0)); print('ready', flush=True); signal.pause()"
    with kept(serve) as keeper:
        child, _ = keeper.child()
        keeper.line()

        os.kill(keeper.program.pid, signal.SIGTERM)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)

        assert keeper.end() == (0, "")


DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)\n    while True: signal.pause()"


def test_a_child_that_does_not_end_is_killed_after_the_grace() -> None:
    with kept(DEAF, grace=0.05) as keeper:
        keeper.child()
        keeper.line()

        keeper.program.terminate()

        assert keeper.end() == (0, "")


def test_a_second_signal_kills_at_once() -> None:
    with kept(DEAF) as keeper:
        keeper.child()
        keeper.line()

        keeper.program.terminate()
        keeper.program.send_signal(signal.SIGINT)

        assert keeper.end() == (0, "")


def test_a_child_dies_with_its_keeper() -> None:
    with kept(SLEEPS) as keeper:
        keeper.child()

        keeper.program.kill()

        assert keeper.end() == (-signal.SIGKILL, "")  # its pipes are closed: nobody has them any more


def test_a_child_that_gives_up_at_once_has_none_and_its_status_is_told_after_a_while() -> None:
    with kept("return 3", penance=0.05) as keeper:
        keeper.child()

        assert keeper.end() == (3, "")


def test_a_defect_is_told_with_its_place() -> None:
    with kept("raise ZeroDivisionError", penance=0) as keeper:
        keeper.child()

        status, words = keeper.end()
        assert status == 1
        assert "ZeroDivisionError" in words
        assert "in serve" in words


@pytest.mark.parametrize("serve", ["return 3", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_who_waits_before_the_next_attempt_ends_at_once_when_asked(serve: str) -> None:
    with kept(serve) as keeper:
        keeper.child()

        keeper.program.terminate()

        assert keeper.end() == (0, "")
