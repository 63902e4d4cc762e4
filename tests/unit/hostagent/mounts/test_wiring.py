"""Two children that talk to each other."""

import asyncio
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


async def test_a_prologue_may_be_longer_than_a_pipe_holds() -> None:
    """A pipe holds 4 KiB where the user has many of them, and the loop of the agent waits for nobody."""
    words = b"a" * (1 << 20)

    async with (
        asyncio.timeout(60),
        wired(["sh", "-c", f"head -c {len(words)} | wc -c >&2"], ["true"], words) as (one, _),
    ):
        assert one.stderr
        assert int(await one.stderr.read()) == len(words)


async def test_who_reads_no_prologue_holds_up_nobody_else_and_can_be_given_up() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), wired(["sleep", "600"], ["cat"], b"a" * (1 << 20)):
            pass


async def test_who_ends_instead_of_reading_the_prologue_is_seen_to_have_ended() -> None:
    async with asyncio.timeout(60), wired(["sh", "-c", "exit 7"], ["cat"], b"a" * (1 << 20)) as (one, two):
        assert await one.wait() == 7
        assert await two.wait() == 0
