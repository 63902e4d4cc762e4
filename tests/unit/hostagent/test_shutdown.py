"""A machine is asked by its button, then over ssh, then killed; a second signal cuts that short."""

import asyncio

import pytest

from limavm.host.aprocess import Completed
from limavm.hostagent.farewell import Farewell
from limavm.hostagent.shutdown import Patience, power_off
from tests.fakes.machine import FakeMachine

QUICK = Patience(button=0.01, ssh=0.02, kill=0.2)


class Poweroff:
    """Over ssh: works at the n-th try, or never for 0."""

    def __init__(self, vm: FakeMachine, *, works: int) -> None:
        self.asked = 0
        self._vm = vm
        self._works = works

    async def __call__(self) -> Completed:
        self.asked += 1
        if self._works < self.asked:
            raise TimeoutError
        if self._works > self.asked:
            return Completed(255, b"", b"refused")
        self._vm.over.set()
        return Completed(0, b"", b"")


async def test_one_press_is_enough_for_a_guest_that_listens() -> None:
    vm = FakeMachine(ends_at_press=1)
    poweroff = Poweroff(vm, works=1)

    await power_off(vm, poweroff, asyncio.Event(), QUICK)

    assert (vm.presses, vm.killed, poweroff.asked) == (1, False, 0)


async def test_the_button_is_pressed_again_when_the_guest_missed_it() -> None:
    vm = FakeMachine(ends_at_press=2)

    await power_off(vm, Poweroff(vm, works=1), asyncio.Event(), QUICK)

    assert (vm.presses, vm.killed) == (2, False)


async def test_the_button_is_pressed_soon_and_then_less_and_less_often() -> None:
    vm = FakeMachine()

    await power_off(vm, Poweroff(vm, works=0), asyncio.Event(), Patience(button=0.005, ssh=60, kill=0.5))

    # After 5, 15, 35, 75, 155 and 315 ms, and not a hundred times.
    assert 2 <= vm.presses <= 7
    assert vm.killed


async def test_a_guest_without_a_button_handler_is_powered_off_over_ssh() -> None:
    vm = FakeMachine()
    poweroff = Poweroff(vm, works=1)

    await power_off(vm, poweroff, asyncio.Event(), QUICK)

    assert poweroff.asked
    assert not vm.killed


async def test_a_button_that_takes_its_time_does_not_delay_the_way_over_ssh() -> None:
    class SilentMonitor(FakeMachine):
        async def press_power_button(self) -> None:
            await asyncio.sleep(0.05)
            await super().press_power_button()

    vm = SilentMonitor()
    poweroff = Poweroff(vm, works=1)

    await power_off(vm, poweroff, asyncio.Event(), Patience(button=0.001, ssh=0.04, kill=10))

    assert (vm.presses, poweroff.asked) == (1, 1)


async def test_a_guest_that_is_still_booting_is_asked_until_it_hears() -> None:
    vm = FakeMachine()
    poweroff = Poweroff(vm, works=3)

    await power_off(vm, poweroff, asyncio.Event(), Patience(button=0.001, ssh=0.002, kill=30))

    assert not vm.killed
    assert vm.presses > 3


async def test_a_guest_that_never_ends_is_killed() -> None:
    vm = FakeMachine(broken_button=True)

    await power_off(vm, Poweroff(vm, works=0), asyncio.Event(), QUICK)

    assert vm.killed


async def test_a_second_signal_kills_at_once() -> None:
    vm = FakeMachine()
    hurry = asyncio.Event()
    hurry.set()

    async with asyncio.timeout(5):
        await power_off(vm, Poweroff(vm, works=0), hurry, Patience(button=60, ssh=60, kill=600))

    assert vm.killed


async def test_a_guest_that_tells_of_its_end_is_not_bothered_over_ssh(caplog: pytest.LogCaptureFixture) -> None:
    vm = FakeMachine()
    poweroff = Poweroff(vm, works=0)
    late = Farewell(begun=True, waits_for=("db.service",))
    patience = Patience(button=0.01, ssh=0.02, kill=0.2, unit=0.02)
    caplog.set_level("INFO")

    await power_off(vm, poweroff, asyncio.Event(), patience, lambda: late if vm.presses else Farewell())

    assert (poweroff.asked, vm.killed) == (0, True)
    told = [record.message for record in caplog.records if "waits for" in record.message]
    assert told == ["The guest is shutting down and waits for the end of db.service"]


async def test_a_guest_that_stops_a_service_of_its_own_accord_is_asked_again() -> None:
    vm = FakeMachine()
    poweroff = Poweroff(vm, works=1)

    await power_off(vm, poweroff, asyncio.Event(), QUICK, lambda: Farewell(waits_for=("db.service",)))

    assert poweroff.asked


async def test_a_defect_in_what_the_guest_tells_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    vm = FakeMachine(ends_at_press=1)

    def said() -> Farewell:
        raise ValueError("odd words")

    await power_off(vm, Poweroff(vm, works=0), asyncio.Event(), QUICK, said)

    assert any("odd words" in str(record.exc_info) for record in caplog.records)
    assert not vm.killed
