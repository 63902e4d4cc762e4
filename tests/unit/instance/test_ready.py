"""Waiting for the host agent's word: what is reported, and what ends the wait."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.instance.inspect import inspect
from limavm.instance.ready import wait_until_running
from tests.fakes.report import KeptReport

NOW = "2999-01-01T00:00:00Z"


@pytest.fixture
def agent() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        yield child
        child.kill()


def events(dev: Path, *statuses: dict[str, object]) -> None:
    lines = [json.dumps({"time": NOW, "status": status}) for status in statuses]
    (dev / "ha.stdout.log").write_text("".join(line + "\n" for line in lines))


def wait(child: "subprocess.Popen[bytes]", limit: float = 30, *, progress: bool = False) -> list[str]:
    report = KeptReport()
    wait_until_running(inspect("dev"), child.poll, time.time(), limit, report, progress=progress)
    return report.lines


def test_running_ends_the_wait_and_the_port_is_told_once(dev: Path, agent: subprocess.Popen[bytes]) -> None:
    events(dev, {"sshLocalPort": 4022}, {"sshLocalPort": 4022, "running": True})

    assert wait(agent) == ["info: SSH Local Port: 4022"]


def test_log_lines_are_told_at_their_level(dev: Path, agent: subprocess.Popen[bytes]) -> None:
    lines = [{"level": level, "msg": level, "time": NOW} for level in ("debug", "info", "warning", "error", "fatal")]
    (dev / "ha.stderr.log").write_text("".join(json.dumps(line) + "\n" for line in lines) + "not json\n")
    events(dev, {"running": True})

    assert wait(agent) == [
        "debug: [hostagent] debug",
        "info: [hostagent] info",
        "warning: [hostagent] warning",
        "error: [hostagent] error",
        "error: [hostagent] fatal",
        "info: [hostagent] not json",
    ]


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        ([{"errors": ["the guest's kernel panicked"]}, {"exiting": True}], ["exiting", "kernel panicked"]),
        ([{"running": True, "degraded": True, "errors": ["probe"]}], ["not all of it works", "probe"]),
        ([{"running": "yes"}], ["no event"]),
    ],
)
def test_a_failed_start_says_why(
    statuses: list[dict[str, object]], words: list[str], dev: Path, agent: subprocess.Popen[bytes]
) -> None:
    events(dev, *statuses)

    with pytest.raises(UserError) as raised:
        wait(agent)

    assert all(word in str(raised.value) for word in words)


def test_an_agent_that_ends_without_a_word_is_a_failure(dev: Path, agent: subprocess.Popen[bytes]) -> None:
    agent.kill()
    agent.wait()

    with pytest.raises(UserError, match="has ended with status -9"):
        wait(agent)


def test_the_limit_ends_only_the_wait(dev: Path, agent: subprocess.Popen[bytes]) -> None:
    with pytest.raises(UserError, match="goes on booting"):
        wait(agent, 0.05)

    assert agent.poll() is None


def test_progress_is_told_and_its_end_waited_for(dev: Path, agent: subprocess.Popen[bytes]) -> None:
    first: dict[str, object] = {"cloudInitProgress": {"logLine": "one", "active": True}}
    last: dict[str, object] = {"running": True, "cloudInitProgress": {"logLine": "over", "completed": True}}
    events(dev, first, {**first, "running": True}, last)

    assert wait(agent, progress=True) == ["info: [cloud-init] one", "info: [cloud-init] over"]


def test_progress_that_is_not_over_is_waited_for(dev: Path, agent: subprocess.Popen[bytes]) -> None:
    events(dev, {"running": True, "cloudInitProgress": {"logLine": "one", "active": True}})

    with pytest.raises(UserError, match="goes on booting"):
        wait(agent, 0.05, progress=True)
