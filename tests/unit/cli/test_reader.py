"""The end of who reads our standard output, while we wait for something else."""

import subprocess
import sys
import tempfile

import pytest

if sys.platform == "win32":
    pytest.skip("there is no poll", allow_module_level=True)

#: Waits for a byte of standard input once it has said so.
WAITING = """
import os, sys
from limavm.cli.reader import ended_with_reader
try:
    with ended_with_reader():
        print("waits", flush=True)
        os.read(0, 1)
except BrokenPipeError:
    sys.stderr.write("left")
else:
    sys.stderr.write("read")
os.close(1)
"""


def waiting(stdout: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-P", "-c", WAITING],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_reader_that_leaves_ends_what_blocks() -> None:
    with waiting(subprocess.PIPE) as child:
        assert child.stdout
        assert child.stderr
        assert child.stdout.readline() == "waits\n"

        child.stdout.close()

        assert child.stderr.read() == "left"


def test_a_reader_that_stays_changes_nothing() -> None:
    with waiting(subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()

        _, err = child.communicate("x")

    assert err == "read"


def test_a_file_has_no_reader_that_could_leave() -> None:
    with tempfile.TemporaryFile() as file, waiting(file.fileno()) as child:
        _, err = child.communicate("x")

    assert err == "read"
