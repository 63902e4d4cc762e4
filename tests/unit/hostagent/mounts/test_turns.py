import asyncio

import pytest

from limavm.errors import UserError
from limavm.hostagent.mounts.turns import Turns


async def test_one_change_is_made_after_the_other() -> None:
    turns = Turns()
    order: list[str] = []

    async def change(name: str) -> None:
        async with turns.turn(name):
            order.append(f"{name} begins")
            await asyncio.sleep(0)
            order.append(f"{name} ends")

    await asyncio.gather(change("one"), change("two"))

    assert order == ["one begins", "one ends", "two begins", "two ends"]


async def test_one_that_does_not_end_is_named_and_the_next_does_not_wait_for_ever() -> None:
    turns = Turns(patience=0)

    async with turns.turn("mounting /slow"):
        with pytest.raises(UserError, match=r"^mounting /slow has been going on for 0 s") as refused:
            async with turns.turn("mounting /other"):
                raise AssertionError

    assert "try again" in (refused.value.hint or "")
    async with turns.turn("mounting /other"):
        pass


async def test_a_change_that_fails_or_is_given_up_makes_room_for_the_next() -> None:
    turns = Turns(patience=0)
    for error in (UserError("no"), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            async with turns.turn("this"):
                raise error

    async with turns.turn("that"):
        pass
