import asyncio

from limavm.wire.turns import Turns


class Writers:
    """Tasks that wait for their turn; `clearing` of them clear the event again when they have it."""

    def __init__(self, turns: Turns, *, clearing: bool) -> None:
        self.turns = turns
        self.clearing = clearing
        self.done: list[int] = []

    def start(self, number: int) -> "asyncio.Task[None]":
        return asyncio.create_task(self._write(number))

    async def _write(self, number: int) -> None:
        await self.turns.wait()
        self.done.append(number)
        if self.clearing:
            self.turns.clear()


async def settled() -> None:
    """Until everything that can go on has."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_nobody_waits_while_it_is_set() -> None:
    turns = Turns()
    turns.set()

    assert await turns.wait()
    assert turns.is_set()


async def test_all_who_wait_go_on_in_their_order() -> None:
    turns = Turns()
    writers = Writers(turns, clearing=False)
    tasks = [writers.start(number) for number in range(5)]
    await settled()
    assert not writers.done

    turns.set()
    await asyncio.gather(*tasks)

    assert writers.done == [0, 1, 2, 3, 4]


async def test_what_the_first_one_clears_the_others_wait_for() -> None:
    turns = Turns()
    writers = Writers(turns, clearing=True)
    tasks = [writers.start(number) for number in range(3)]
    await settled()

    for number in range(3):
        assert writers.done == list(range(number))
        turns.set()
        await settled()

    await asyncio.gather(*tasks)
    assert writers.done == [0, 1, 2]


async def test_whoever_comes_later_does_not_go_first() -> None:
    turns = Turns()
    writers = Writers(turns, clearing=True)
    tasks = [writers.start(0)]
    await settled()
    turns.set()
    tasks.append(writers.start(1))
    await settled()

    assert writers.done == [0]

    turns.set()
    await asyncio.gather(*tasks)


async def test_a_turn_that_is_taken_back_comes_again_to_the_same_one() -> None:
    turns = Turns()
    writers = Writers(turns, clearing=True)
    tasks = [writers.start(number) for number in range(2)]
    await settled()
    turns.set()
    turns.clear()
    await settled()
    assert not writers.done

    turns.set()
    await settled()
    assert writers.done == [0]

    turns.set()
    await asyncio.gather(*tasks)


async def test_one_who_is_cancelled_in_its_turn_hands_it_on() -> None:
    turns = Turns()
    writers = Writers(turns, clearing=False)
    tasks = [writers.start(number) for number in range(3)]
    await settled()

    turns.set()
    tasks[0].cancel()
    tasks[1].cancel()
    await tasks[2]

    assert writers.done == [2]
    await asyncio.gather(*tasks, return_exceptions=True)
