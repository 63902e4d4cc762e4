"""`start` of an instance that runs; the others are in tests/unit/hostagent/test_agent.py."""

import sys
from pathlib import Path

import pytest

from limavm.errors import NotFoundError
from limavm.host import pidfile
from limavm.hostagent.api import Handler, json_response
from limavm.hostagent.client import Info
from limavm.instance.inspect import inspect
from limavm.instance.start import StartOptions, launch, start
from tests.fakes.agentthread import AgentThread
from tests.fakes.report import KeptReport

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)

EVENT = '{"time":"2026-01-02T03:04:05Z","status":{"running":true,"degraded":true,"errors":["a mount has failed"]}}\n'


class RunningAgent(AgentThread[None]):
    """An agent of a machine that is ready."""

    def routes(self) -> dict[str, Handler]:
        """What `start` asks."""
        return {"/v1/info": lambda _query: json_response(Info(state="running"))}


def test_a_running_instance_that_is_degraded_is_told_so_with_the_reasons(dev: Path) -> None:
    (dev / "ha.stdout.log").write_text(EVENT)
    report = KeptReport()
    with pidfile.held(str(dev / "ha.pid")), RunningAgent(dev, ()):
        start("dev", StartOptions(), report=report)

    assert report.lines == [
        "warning: The instance 'dev' is running, but not all of it works\n- a mount has failed",
        "info: The instance 'dev' is running already. Run `limactl shell dev` to open a shell.",
    ]


def test_a_start_that_another_one_has_overtaken_touches_nothing(dev: Path) -> None:
    looked_at = inspect("dev")
    before = {path.name: path.stat().st_mtime_ns for path in dev.iterdir()}
    report = KeptReport()

    with pidfile.held(str(dev / "ha.pid")):
        assert launch(looked_at, StartOptions(), report) is None
        (dev / "ha.pid").unlink()

    assert {path.name: path.stat().st_mtime_ns for path in dev.iterdir()} == before
    assert report.lines == []


def test_a_disk_that_is_missing_is_told_before_anything_is_fetched_for_the_start(dev: Path) -> None:
    text = (dev / "lima.yaml").read_text() + "additionalDisks: [data]\n"
    (dev / "lima.yaml").write_text(text)
    report = KeptReport()

    with pytest.raises(NotFoundError, match="there is no disk 'data'"):
        start("dev", StartOptions(), report=report)

    assert not any("Starting" in line for line in report.lines)
