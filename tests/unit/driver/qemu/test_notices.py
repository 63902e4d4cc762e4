"""What the events of a monitor mean."""

import os

from limavm.driver.qemu.notices import Notices
from limavm.driver.qemu.qmp import Event


def test_a_machine_is_paused_between_stop_and_resume_and_the_end_is_told() -> None:
    notices, told = Notices(), []
    notices.on_resume(lambda: told.append("it goes on"))

    notices.note(Event(name="STOP"))
    assert notices.is_paused(os.getpid())
    assert told == []
    notices.note(Event(name="RESUME"))

    assert not notices.is_paused(os.getpid())
    assert told == ["it goes on"]


def test_other_events_mean_nothing() -> None:
    notices = Notices()

    notices.note(Event(name="RTC_CHANGE"))

    assert not notices.is_paused(os.getpid())


def test_a_monitor_that_is_lost_in_a_pause_does_not_leave_the_machine_paused_for_ever() -> None:
    notices = Notices()
    notices.note(Event(name="STOP"))

    notices.lost()

    assert not notices.is_paused(os.getpid())


def test_a_pause_that_began_or_ended_while_no_monitor_told_of_it_is_known() -> None:
    notices, told = Notices(), []
    notices.on_resume(lambda: told.append("it goes on"))

    notices.found("paused")
    assert notices.is_paused(os.getpid())
    notices.found("running")
    notices.found("running")

    assert not notices.is_paused(os.getpid())
    assert told == ["it goes on"]


def test_a_reset_is_told() -> None:
    notices, told = Notices(), []
    notices.on_reset(lambda: told.append("again"))

    notices.note(Event(name="RESET", data={"guest": True, "reason": "guest-reset"}))

    assert told == ["again"]


def test_the_agents_port_is_told_and_no_other() -> None:
    notices, told = Notices(), list[bool]()
    notices.on_agent_port(told.append)

    for name, is_open in (("agent0", True), ("console0", True), ("agent0", False)):
        notices.note(Event(name="VSERPORT_CHANGE", data={"id": name, "open": is_open}))
    notices.note(Event(name="VSERPORT_CHANGE"))

    assert told == [True, False]
