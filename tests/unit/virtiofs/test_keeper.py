"""The keeper of a share, as a process between a front end and daemons that die."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if sys.platform != "linux":
    pytest.skip("virtiofs is for Linux hosts", allow_module_level=True)
assert sys.platform == "linux"

from limavm.virtiofs.wire import Lost, Message, Request  # noqa: E402 - there is none of it elsewhere
from tests.unit.virtiofs.frontend import FrontEnd, connected  # noqa: E402 - there is none of it elsewhere

FAKE = Path(__file__).parents[2] / "fakes" / "virtiofsd.py"
_LIMIT = 20.0


class Kept:
    """A keeper that runs, and who listens to what it tells."""

    def __init__(self, directory: Path, *more: str) -> None:
        self.log = directory / "log"
        self.socket = str(directory / "v.sock")
        status = str(directory / "v.status")
        order = {
            "socket": self.socket,
            "status": status,
            "share": {"tag": "lima-0"},
            "accounts": False,
            "argv": [sys.executable, "-S", str(FAKE), "{fd}", str(self.log), *more],
        }
        (directory / "order.json").write_text(json.dumps(order))
        argv = [sys.executable, "-P", "-m", "limavm.virtiofs", str(directory / "order.json")]
        self.process = subprocess.Popen(argv, stderr=subprocess.PIPE)
        self.status = self._connected(status)
        self.lines = self.status.makefile()

    def _connected(self, path: str) -> socket.socket:
        try:
            return connected(path, lambda: self.process.poll() is None)
        except OSError as error:
            self.process.kill()
            raise AssertionError(self.process.communicate()[1]) from error

    def until(self, **wanted: object) -> dict[str, Any]:
        """The first state that is as wanted."""
        while True:
            state: dict[str, Any] = json.loads(self.lines.readline())
            if all(state[name] == value for name, value in wanted.items()):
                return state

    def requests(self) -> list[str]:
        """What the last daemon was told."""
        return self.log.read_text().rpartition("start")[2].splitlines()[1:]

    def close(self) -> None:
        self.lines.close()
        self.status.close()
        self.process.terminate()
        self.process.communicate(timeout=_LIMIT)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    keeper = Kept(tmp_path)
    yield keeper
    keeper.close()


@pytest.fixture
def qemu(kept: Kept) -> Iterator[FrontEnd]:
    front_end = FrontEnd(kept.socket)
    front_end.set_up()
    yield front_end
    front_end.close()


def test_what_is_asked_is_answered_by_the_daemon(kept: Kept, qemu: FrontEnd) -> None:
    assert qemu.ask(Message(Request.GET_QUEUE_NUM)).number() == 2
    assert kept.until(connected=True, serving=True, stale=False)["share"] == {"tag": "lima-0"}


def test_the_daemon_may_open_as_many_files_as_the_hard_limit_allows(kept: Kept, qemu: FrontEnd) -> None:
    soft, hard = resource.prlimit(kept.until(serving=True)["pid"], resource.RLIMIT_NOFILE)

    assert soft == hard


def test_features_that_could_not_be_kept_are_not_offered(qemu: FrontEnd) -> None:
    assert qemu.ask(Message(Request.GET_PROTOCOL_FEATURES)).number() == 9


def test_a_daemon_that_dies_is_replaced_and_the_ring_goes_on(kept: Kept, qemu: FrontEnd) -> None:
    qemu.start()
    qemu.finish(5)
    pid = kept.until(serving=True)["pid"]

    os.kill(pid, signal.SIGKILL)
    state = kept.until(serving=True, stale=True)

    assert state["deaths"] == 1
    assert "signal 9" in state["reason"]
    assert state["pid"] != pid
    assert qemu.ask(Message(Request.GET_QUEUE_NUM)).number() == 2
    assert "10 1 5" in kept.requests()  # SET_VRING_BASE
    assert os.eventfd_read(qemu.kick) == 1
    assert os.eventfd_read(qemu.call) == 1


def test_one_that_dies_before_the_guest_has_asked_anything_is_no_loss(kept: Kept, qemu: FrontEnd) -> None:
    os.kill(kept.until(serving=True)["pid"], signal.SIGKILL)

    assert kept.until(serving=True, deaths=1)["stale"] is False
    assert qemu.ask(Message(Request.GET_QUEUE_NUM)).number() == 2


def test_a_new_connection_is_a_new_device(kept: Kept, qemu: FrontEnd) -> None:
    qemu.start()
    os.kill(kept.until(serving=True)["pid"], signal.SIGKILL)
    kept.until(stale=True, serving=True)

    again = FrontEnd(kept.socket)
    again.set_up()

    assert kept.until(connected=True, serving=True, stale=False)
    again.ask(Message(Request.GET_QUEUE_NUM))
    assert kept.requests() == ["1", "1", "15", "16 9 0", "17", "3", "17"]
    again.close()


def test_the_guest_boots_again_and_finds_a_daemon_that_knows_nothing(kept: Kept, qemu: FrontEnd) -> None:
    qemu.start()
    before = kept.until(serving=True)["pid"]
    assert qemu.stop() == 7

    qemu.start(base=0)

    assert kept.until(serving=True, stale=False, pid=_other(kept, before))
    assert kept.log.read_text().count("start") == 2


def _other(kept: Kept, before: int) -> int:
    lines = [line for line in kept.log.read_text().splitlines() if line.startswith("start")]
    pid = int(lines[-1].split()[1])
    assert pid != before
    return pid


def test_a_pause_ends_no_session(kept: Kept, qemu: FrontEnd) -> None:
    qemu.start()
    qemu.stop()

    qemu.start(base=7)

    assert kept.log.read_text().count("start") == 1


def test_it_waits_for_another_connection_when_the_device_is_unplugged(kept: Kept, qemu: FrontEnd) -> None:
    qemu.peer.close()

    assert kept.until(connected=False, serving=False, deaths=0)
    assert kept.process.poll() is None


def test_it_ends_when_it_is_told_to(kept: Kept, qemu: FrontEnd) -> None:
    kept.status.sendall(b"end\n")

    assert kept.process.wait(_LIMIT) == 0
    assert not Path(kept.socket).exists()
    with pytest.raises(Lost):
        qemu.ask(Message(Request.GET_FEATURES))


def test_a_word_is_heard_also_of_one_who_hangs_up_at_once(kept: Kept, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(tmp_path / "v.status"))
        peer.sendall(b"end\n")

    assert kept.process.wait(_LIMIT) == 0


def test_it_ends_with_the_process_that_connected_first(kept: Kept) -> None:
    script = f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({kept.socket!r}); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as stands_for_qemu:
        kept.until(connected=True)
        stands_for_qemu.communicate(b"\n", timeout=_LIMIT)

    assert kept.process.wait(_LIMIT) == 0


def test_a_daemon_that_never_answers_costs_qemu_its_connection_and_not_its_time(tmp_path: Path) -> None:
    keeper = Kept(tmp_path, str(int(Request.GET_FEATURES)))
    front_end = FrontEnd(keeper.socket)

    with pytest.raises(Lost):
        front_end.ask(Message(Request.GET_FEATURES))

    while keeper.until(connected=False)["deaths"] < 3:
        pass
    front_end.close()
    keeper.close()


def test_the_files_of_another_one_are_left_alone(kept: Kept, tmp_path: Path) -> None:
    os.unlink(kept.socket)
    Path(kept.socket).write_text("of the next one")

    kept.status.sendall(b"end\n")
    kept.process.wait(_LIMIT)

    assert Path(kept.socket).read_text() == "of the next one"


def test_its_socket_is_there_when_all_can_be_used_and_not_before(tmp_path: Path) -> None:
    """Who waits for the socket asks for the state at once, or has it end."""
    order = {"socket": f"{tmp_path}/v.sock", "status": f"{tmp_path}/absent/v.status"}
    (tmp_path / "order.json").write_text(json.dumps({**order, "share": {}, "accounts": False, "argv": []}))
    argv = [sys.executable, "-P", "-m", "limavm.virtiofs", str(tmp_path / "order.json")]

    done = subprocess.run(argv, capture_output=True, check=False, timeout=_LIMIT)

    assert done.returncode == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["order.json"]
