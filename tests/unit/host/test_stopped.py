"""A process that was stopped by a signal is told from one that runs, sleeps or is gone."""

import os
import signal
import subprocess
import sys

import pytest

from limavm.host.stopped import is_stopped

if sys.platform == "win32":
    pytest.skip("there are no such signals", allow_module_level=True)


def test_we_are_not_stopped() -> None:
    assert not is_stopped(os.getpid())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell cheaply")
def test_a_stopped_process_goes_on_and_ends() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    with child:
        child.send_signal(signal.SIGSTOP)
        os.waitpid(child.pid, os.WUNTRACED)
        assert is_stopped(child.pid)

        child.send_signal(signal.SIGCONT)
        os.waitpid(child.pid, os.WCONTINUED)
        assert not is_stopped(child.pid)
        child.kill()

    assert not is_stopped(child.pid)
