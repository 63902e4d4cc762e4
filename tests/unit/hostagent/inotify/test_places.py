"""Where mounted directories lie."""

import asyncio
import logging
import threading
from pathlib import Path

import pytest

from limavm.hostagent.inotify.places import Place, Places, place_of


def test_a_place_is_the_directory_that_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("a")

    assert place_of(str(tmp_path / "link")) == place_of(str(tmp_path / "a"))
    assert place_of(str(tmp_path / "link")).real == str((tmp_path / "a").resolve())


def test_what_is_not_there_has_a_path_and_no_identity(tmp_path: Path) -> None:
    assert place_of(str(tmp_path.resolve() / "gone")) == Place(str(tmp_path.resolve() / "gone"), None)


async def test_what_does_not_answer_is_left_out_said_once_and_found_again(caplog: pytest.LogCaptureFixture) -> None:
    answers = threading.Event()

    def look(location: str) -> Place:
        if location == "/dead":
            answers.wait()
        return Place(location, (1, 1))

    places = Places(look, limit=0)
    try:
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                await places.find(["/dead", "/well"])
        while not await places.find(["/well"]):
            await asyncio.sleep(0)
        assert list(await places.find(["/dead"])) == []
        assert len([one for one in caplog.messages if "/dead does not answer" in one]) == 1

        answers.set()
        async with asyncio.timeout(20):
            while not await places.find(["/dead"]):
                await asyncio.sleep(0)
    finally:
        answers.set()
        await places.close()


async def test_what_is_slow_is_still_where_it_was(caplog: pytest.LogCaptureFixture) -> None:
    answers = threading.Event()
    answers.set()

    def look(location: str) -> Place:
        answers.wait()
        return Place(location, (1, 1))

    places = Places(look, limit=600)
    try:
        before = await places.find(["/slow"])
        answers.clear()
        assert await places.find(["/slow"]) == before == {"/slow": Place("/slow", (1, 1))}
        assert not caplog.messages
    finally:
        answers.set()
        await places.close()
