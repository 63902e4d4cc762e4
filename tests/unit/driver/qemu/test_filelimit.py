"""The limit of open files, told by processes that have one."""

import sys

import pytest

from limavm.driver.qemu import filelimit
from limavm.host.process import run

if sys.platform == "win32":
    pytest.skip("limits of unix", allow_module_level=True)
assert sys.platform != "win32"

import resource  # noqa: E402 - there is none of it elsewhere

SOFT, HARD = resource.getrlimit(resource.RLIMIT_NOFILE)
_TELLS = """
import resource, sys
from limavm.driver.qemu import filelimit
resource.setrlimit(resource.RLIMIT_NOFILE, (500, 2000))
filelimit.ENOUGH = int(sys.argv[1])
print(filelimit.warning(), resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def told(enough: int) -> str:
    """The warning and the limits afterwards, in a process whose hard limit is 2000."""
    return run([sys.executable, "-P", "-c", _TELLS, str(enough)]).decode()


def test_a_low_limit_is_told_with_the_ways_to_raise_it_unless_the_daemon_can_do_so_itself() -> None:
    text = told(filelimit.ENOUGH)

    if "[]" not in text:  # as root with all capabilities
        for word in ("open files is 2000 here", "Too many open files", "ulimit -Hn", "LimitNOFILE="):
            assert word in text
    assert text.rstrip().endswith("(500, 2000)")


def test_a_limit_that_is_high_enough_is_not_told() -> None:
    assert told(2000).startswith("[]")


def test_asking_changes_no_limit() -> None:
    filelimit.warning()

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (SOFT, HARD)
