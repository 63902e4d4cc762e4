"""`limactl screenshot`, on a host agent whose machine is a fake."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.driver import DisplayError, NoDisplayError
from limavm.host import pidfile
from limavm.hostagent.api import Actions
from limavm.hostagent.screenshot import screenshot_action
from tests.fakes.agentthread import AgentThread
from tests.fakes.machine import FakeMachine
from tests.unit.cli.harness import Run, make_instance

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)


class DisplayAgent(AgentThread[str]):
    """A host agent that does nothing but take pictures."""

    def __init__(self, directory: Path, vm: FakeMachine) -> None:
        super().__init__(directory, ())
        self.vm = vm

    def actions(self) -> Actions:
        return {("GET", "/v1/screenshot"): screenshot_action(self.vm)}


@pytest.fixture
def dev(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_instance(home, "dev")


@pytest.fixture
def agent(dev: Path) -> Iterator[DisplayAgent]:
    with pidfile.held(str(dev / "ha.pid")), DisplayAgent(dev, FakeMachine()) as running:
        yield running


def test_the_picture_is_in_a_file_named_after_the_instance(limactl: Run, agent: DisplayAgent, tmp_path: Path) -> None:
    done = limactl("screenshot", "dev")

    picture = tmp_path / "dev-screenshot.png"
    assert (done.code, done.out) == (0, "")
    assert "dev-screenshot.png (5 bytes)" in done.message
    assert picture.read_bytes() == b"a png"
    assert picture.stat().st_mode & 0o600 == 0o600


@pytest.mark.parametrize(("name", "kind"), [("a.png", b"a png"), ("a.BMP", b"a bmp"), ("ä b.Png", b"a png")])
def test_the_end_of_the_name_says_the_format(
    limactl: Run, agent: DisplayAgent, tmp_path: Path, name: str, kind: bytes
) -> None:
    assert limactl("screenshot", "-o", name, "dev").code == 0

    assert (tmp_path / name).read_bytes() == kind


@pytest.mark.parametrize("name", ["a.jpg", "a", ".png", "png", "x.png/"])
def test_another_end_is_an_error(limactl: Run, agent: DisplayAgent, name: str) -> None:
    done = limactl("screenshot", "--output", name, "dev")

    assert done.code == 1
    assert ".png" in done.message


@pytest.mark.parametrize(
    ("failure", "word"),
    [(NoDisplayError("there is no display", hint="set one"), "no display"), (DisplayError("x"), "x")],
)
def test_a_machine_without_a_display_says_so_and_leaves_no_file(
    limactl: Run, agent: DisplayAgent, tmp_path: Path, failure: DisplayError, word: str
) -> None:
    agent.vm.display_failure = failure

    done = limactl("screenshot", "dev")

    assert done.code == 1
    assert done.message.startswith(failure.message)
    assert not (tmp_path / "dev-screenshot.png").exists()


def test_an_agent_that_is_too_old_says_so(limactl: Run, dev: Path) -> None:
    with pidfile.held(str(dev / "ha.pid")), AgentThread[str](dev, ()):
        assert "host agent is too old" in limactl("screenshot", "dev").message


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["dev"], "not running"),
        (["none"], "there is no instance"),
        (["../x"], "name"),
        (["x" * 200], "name"),
        (["dev", "-o", "nowhere/a.png"], "no such directory"),
        ([], "exactly 1"),
    ],
)
def test_what_is_wrong_is_one_message(limactl: Run, dev: Path, args: list[str], word: str) -> None:
    done = limactl("screenshot", *args)

    assert (done.code, done.out) == (1, "")
    assert word in done.message


def test_a_place_that_cannot_be_written_to_is_an_error(limactl: Run, agent: DisplayAgent, tmp_path: Path) -> None:
    (tmp_path / "dev-screenshot.png").mkdir()

    done = limactl("screenshot", "dev")

    assert done.code == 1
    assert "cannot be written" in done.message
