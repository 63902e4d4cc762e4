"""Event and log lines: one JSON object each, full snapshots, time with nanoseconds."""

import contextlib
import io
import json
import logging
import os
import re
from pathlib import Path

import pytest

from limavm.hostagent.events import Emitter, JSONFormatter, TextFormatter
from limavm.model.event import AgentStatus, PortForwardEvent


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_members_that_are_empty_are_left_out() -> None:
    stream = io.StringIO()

    Emitter(stream).fresh(AgentStatus(ssh_local_port=60022))

    (line,) = lines(stream)
    assert line["status"] == {"sshLocalPort": 60022}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", str(line["time"]))


def test_a_changed_member_leaves_the_rest_of_the_snapshot() -> None:
    stream = io.StringIO()
    emitter = Emitter(stream)
    emitter.fresh(AgentStatus(ssh_local_port=60022))

    emitter.mention(port_forward=PortForwardEvent(type="forwarding", guest_addr="0.0.0.0:80"))
    emitter.change(running=True)

    assert lines(stream)[-1]["status"] == {
        "running": True,
        "sshLocalPort": 60022,
        "portForward": {"type": "forwarding", "guestAddr": "0.0.0.0:80"},
    }


def test_a_fresh_status_forgets_what_was_said_before() -> None:
    stream = io.StringIO()
    emitter = Emitter(stream)
    emitter.fresh(AgentStatus(ssh_local_port=60022))

    emitter.fresh(AgentStatus(exiting=True))

    assert lines(stream)[-1]["status"] == {"exiting": True}


def test_events_reach_every_stream(tmp_path: Path) -> None:
    other = io.StringIO()
    with open(tmp_path / "ha.stdout.log", "w") as file:
        Emitter(file, other).fresh(AgentStatus(running=True))

    assert (tmp_path / "ha.stdout.log").read_text() == other.getvalue()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_ends_nothing_and_other_streams_are_served(caplog: pytest.LogCaptureFixture) -> None:
    other = io.StringIO()
    full = open("/dev/full", "w")  # noqa: SIM115 - what is not written yet is in the way of its end
    emitter = Emitter(full, other)

    emitter.mention(running=True)
    emitter.change(degraded=True)

    assert emitter.status == AgentStatus(running=True, degraded=True)
    assert len(lines(other)) == 2
    assert "No space left on device" in caplog.text
    with contextlib.suppress(OSError):
        full.close()


def test_what_the_guest_has_said_does_not_drive_the_terminal() -> None:
    record = logging.makeLogRecord({"msg": "it says: \x1b[2J\nand more", "levelname": "INFO"})

    assert TextFormatter("%(levelname)s %(message)s").format(record) == "INFO it says: ?[2J\nand more"


def test_a_log_line_names_level_message_and_time_and_keeps_an_error_on_one_line() -> None:
    record = logging.LogRecord("x", logging.WARNING, __file__, 1, "two\nlines %s", ("é",), None)

    text = JSONFormatter().format(record)

    assert "\n" not in text
    line = json.loads(text)
    assert (line["level"], line["msg"]) == ("warning", "two\nlines é")
    assert line["time"].endswith("Z")
