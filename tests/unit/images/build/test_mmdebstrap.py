import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.images.build.mmdebstrap import environment, follow

TALK = """\
echo 'I: running apt-get update...' >&2
echo 'Get:1 http://a.test/debian trixie/main amd64 Packages [5 kB]'
echo 'Need to get 1000 B of archives.'
echo 'Get:1 http://a.test/debian trixie/main amd64 one amd64 1 [1000 B]'
echo 'Need to get 2 kB of archives.'
echo 'Get:1 http://a.test/debian trixie/main amd64 two amd64 2 [2 kB]'
"""


class Told:
    """A reporter and a transfer that remember."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.totals: list[int] = []
        self.fetched = 0

    def info(self, message: str) -> None:
        self.lines.append(message)

    debug = warning = error = text = info

    @contextlib.contextmanager
    def transfer(self, description: str, total: int | None = None) -> Iterator["Told"]:
        self.lines.append(description)
        yield self

    def advance(self, amount: int) -> None:
        self.fetched += amount

    def total(self, amount: int) -> None:
        self.totals.append(amount)


def test_steps_and_bytes_are_told_while_it_runs() -> None:
    told = Told()

    follow(["sh", "-c", TALK], dict(os.environ), told, told)

    assert told.lines == ["reading the package lists"]
    assert told.totals == [6000, 8000]
    assert told.fetched == 8000


def test_a_failure_quotes_what_was_complained_about() -> None:
    script = "echo 'I: fine'; echo 'E: Unable to locate package no-such' >&2; echo noise; exit 25"

    with pytest.raises(UserError) as caught:
        follow(["sh", "-c", script], dict(os.environ), Told(), Told())

    assert caught.value.message == (
        "mmdebstrap failed (exit status 25) and said:\n    E: Unable to locate package no-such"
    )
    assert caught.value.hint is not None
    assert "?mirror=" in caught.value.hint


def test_a_failure_without_a_complaint_quotes_the_end_of_the_output() -> None:
    with pytest.raises(UserError) as caught:
        follow(["sh", "-c", "for i in $(seq 100); do echo line $i; done; exit 1"], dict(os.environ), Told(), Told())

    assert caught.value.message.endswith("line 100")
    assert "line 79" not in caught.value.message


def test_a_signal_is_named() -> None:
    with pytest.raises(UserError, match="killed by signal 9"):
        follow(["sh", "-c", "kill -KILL $$"], dict(os.environ), Told(), Told())


def test_output_that_is_not_text_does_no_harm() -> None:
    follow(["sh", "-c", r"printf '\377\376\n'"], dict(os.environ), Told(), Told())


def test_a_missing_tool_names_its_package() -> None:
    with pytest.raises(UserError) as caught:
        follow(["mmdebstrap"], {"PATH": "/nonexistent"}, Told(), Told())

    assert "mmdebstrap" in str(caught.value)


def test_temporary_files_stay_in_the_cache() -> None:
    env = environment("/cache/build/key.tmp")

    assert env["TMPDIR"] == "/cache/build/key.tmp"
    assert env["PATH"].endswith("/usr/sbin:/sbin")
    assert "LD_PRELOAD" not in env


@pytest.mark.skipif(sys.platform != "linux", reason="death signals are a feature of Linux")
def test_the_tool_dies_with_us(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("no signals of this kind")
    mark = tmp_path / "child"
    os.mkfifo(mark)
    argv = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", f"exec 9>{mark}; echo $$ >&9; exec sleep 600"]
    code = f"from limavm.host import process\nwith process.spawned({argv!r}) as child:\n    child.wait()\n"
    with subprocess.Popen([sys.executable, "-c", code]) as parent, open(mark, encoding="ascii") as fifo:
        assert fifo.readline().strip().isdecimal()
        parent.send_signal(signal.SIGKILL)

        # The end of the file comes when nobody of the child's holds it any more.
        assert fifo.readline() == ""
