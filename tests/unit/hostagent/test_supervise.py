"""Parts of the agent are kept going."""

import asyncio
import logging

import pytest

from limavm.hostagent.supervise import supervise, supervised


async def test_a_part_with_a_defect_is_started_again_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    runs = 0

    async def fails_once() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise ValueError("a defect")

    with caplog.at_level(logging.ERROR):
        await supervise("the test", fails_once)

    assert runs == 2
    assert "the test has a defect" in caplog.text
    assert "ValueError: a defect" in caplog.text


async def test_parts_run_beside_the_context_and_are_cancelled_at_its_end() -> None:
    began, ended = asyncio.Event(), []

    async def lasts() -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            ended.append("lasts")

    async with supervised({"lasts": lasts}):
        await began.wait()

    assert ended == ["lasts"]


async def test_a_defect_while_a_part_is_cancelled_is_logged_and_goes_no_further(
    caplog: pytest.LogCaptureFixture,
) -> None:
    began = asyncio.Event()

    async def fails_at_the_end() -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            raise ValueError("too late")

    async with supervised({"the test": fails_at_the_end}):
        await began.wait()

    assert "too late" in caplog.text
