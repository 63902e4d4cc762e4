"""Two children that talk to each other."""

import sys

import pytest

from limavm.errors import UserError
from limavm.hostagent.mounts.wiring import wired

if sys.platform == "win32":
    pytest.skip("unix pipes", allow_module_level=True)


async def test_each_hears_what_the_other_says_and_the_first_a_prologue() -> None:
    first = ["sh", "-c", "read -r one; echo $one >&2; echo to the second; read -r two; echo $two >&2"]
    second = ["sh", "-c", "read -r one; echo $one >&2; echo to the first"]

    async with wired(first, second, b"prologue\n") as (one, two):
        assert one.stderr
        assert two.stderr
        assert await one.stderr.read() == b"prologue\nto the first\n"
        assert await two.stderr.read() == b"to the second\n"


async def test_each_sees_the_end_of_the_other() -> None:
    async with wired(["cat"], ["sh", "-c", "exit 3"]) as (one, two):
        assert await two.wait() == 3
        assert await one.wait() == 0


async def test_both_end_with_the_context() -> None:
    async with wired(["sleep", "600"], ["sleep", "600"]) as (one, two):
        pass

    assert one.returncode == two.returncode == -15


async def test_a_program_that_is_missing_ends_the_other_one() -> None:
    with pytest.raises(UserError, match="no-such-program"):
        async with wired(["cat"], ["no-such-program"]):
            pass
