"""Whether a QEMU stands still, from its monitor's events and from its process."""

import os

from limavm.driver.qemu.pause import Pauses


def test_a_machine_is_paused_between_stop_and_resume_and_the_end_is_told() -> None:
    pauses, told = Pauses(), []
    pauses.on_resume(lambda: told.append("it goes on"))

    pauses.note("STOP")
    assert pauses.is_paused(os.getpid())
    assert told == []
    pauses.note("RESUME")

    assert not pauses.is_paused(os.getpid())
    assert told == ["it goes on"]


def test_other_events_mean_nothing() -> None:
    pauses = Pauses()

    pauses.note("RTC_CHANGE")

    assert not pauses.is_paused(os.getpid())


def test_a_monitor_that_is_lost_in_a_pause_does_not_leave_the_machine_paused_for_ever() -> None:
    pauses = Pauses()
    pauses.note("STOP")

    pauses.lost()

    assert not pauses.is_paused(os.getpid())
