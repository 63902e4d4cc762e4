import json
import time

import pytest

from limavm.cli.watchlines import json_line, news, text_lines
from limavm.model.event import AgentStatus, CloudInitProgress, Event, PortForwardEvent, VsockEvent

NOTHING = AgentStatus()
FORWARD = PortForwardEvent(type="forwarding", protocol="tcp", guest_addr="0.0.0.0:80", host_addr="127.0.0.1:8080")
FAILED = PortForwardEvent(type="failed", protocol="udp", guest_addr="0.0.0.0:53", error="in use")


@pytest.mark.parametrize(
    ("status", "texts"),
    [
        (AgentStatus(running=True), ["running"]),
        (AgentStatus(running=True, degraded=True, errors=("a", "b")), ["running (degraded)", "error: a", "error: b"]),
        (AgentStatus(exiting=True), ["exiting"]),
        (AgentStatus(ssh_local_port=60022), ["ssh port: 60022"]),
        (AgentStatus(cloud_init_progress=CloudInitProgress(log_line="x", active=True)), ["cloud-init: x"]),
        (AgentStatus(cloud_init_progress=CloudInitProgress(completed=True)), ["cloud-init: completed"]),
        (AgentStatus(cloud_init_progress=CloudInitProgress(active=True)), []),
        (AgentStatus(port_forward=FORWARD), ["forwarding tcp 0.0.0.0:80 -> 127.0.0.1:8080"]),
        (AgentStatus(port_forward=FAILED), ["failed udp 0.0.0.0:53: in use"]),
        (
            AgentStatus(vsock=VsockEvent(type="started", host_addr="127.0.0.1:1", vsock_port=22)),
            ["ssh over vsock: started 127.0.0.1:1 -> port 22"],
        ),
        (AgentStatus(vsock=VsockEvent(type="skipped", reason="old")), ["ssh over vsock: skipped: old"]),
        (NOTHING, []),
    ],
)
def test_each_thing_in_a_status_has_its_words(status: AgentStatus, texts: list[str]) -> None:
    assert list(news(NOTHING, status)) == texts
    assert list(news(status, status)) == []


def test_only_what_is_new_is_told() -> None:
    before = AgentStatus(running=True, ssh_local_port=22, errors=("a",), port_forward=FORWARD)
    now = AgentStatus(running=True, degraded=True, ssh_local_port=22, errors=("a", "b"), port_forward=FORWARD)

    assert list(news(before, now)) == ["running (degraded)", "error: b"]


def test_a_line_has_the_local_time_and_the_instance() -> None:
    stamp = "2026-01-02T03:04:05.123456789Z"
    local = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(1767323045))

    assert text_lines("dev", Event(time=stamp, status=AgentStatus(running=True)), NOTHING) == f"{local} dev | running\n"
    assert text_lines("dev", Event(time="?\x1b", status=AgentStatus(running=True)), NOTHING) == "?? dev | running\n"


def test_nothing_of_a_guest_drives_the_terminal_or_makes_lines() -> None:
    evil = AgentStatus(errors=("a\nb\x1b[2J",), cloud_init_progress=CloudInitProgress(log_line="\r\x9b2J"))
    event = Event(time="2026-01-02T03:04:05Z", status=evil)

    text = text_lines("dev", event, NOTHING)
    assert text.replace("\n", "").isprintable()
    assert text.count("\n") == 2
    assert json_line("dev", event).replace("\n", "").isprintable()


def test_as_json_an_event_is_what_the_agent_wrote() -> None:
    event = Event(time="t", status=AgentStatus(port_forward=FORWARD))

    assert json.loads(json_line("dev", event)) == {
        "instance": "dev",
        "event": {
            "time": "t",
            "status": {
                "portForward": {
                    "type": "forwarding",
                    "protocol": "tcp",
                    "guestAddr": "0.0.0.0:80",
                    "hostAddr": "127.0.0.1:8080",
                }
            },
        },
    }
    assert json.loads(json_line("dev", Event(time="t")))["event"] == {"time": "t", "status": {}}
