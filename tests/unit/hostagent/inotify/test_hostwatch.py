import asyncio
import contextlib
import errno
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.host.process import run
from limavm.hostagent.inotify.changes import LIMIT, Sign
from limavm.hostagent.inotify.hostwatch import HostWatch
from limavm.hostagent.inotify.places import Place, place_of
from limavm.hostagent.inotify.tree import Tree
from limavm.model.mount import MountPhase, MountState

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


#: Another process changes files: threads of one would wait for each other.
STORM = "import os, sys; [os.close(os.open(sys.argv[1] % (n % 10, n), os.O_CREAT)) for n in range(20_000)]"


class FakeAgent:
    """A guest that sees the host's directories as `guest` says, and sets the times of files as ours does."""

    def __init__(self, guest: dict[str, str] | None = None) -> None:
        self.guest = guest or {}
        self.told: list[tuple[str, int]] = []
        self.calls = 0
        self.connected = asyncio.Event()
        self.connected.set()
        self.failures = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self._news = asyncio.Condition()

    async def wait_connected(self) -> None:
        await self.connected.wait()

    async def inotify(self, changes: Callable[[], Awaitable[tuple[str, int] | None]]) -> None:
        self.calls += 1
        taken = []
        while (change := await changes()) is not None:
            taken.append(change)
        if self.failures:
            self.failures -= 1
            raise UserError("the guest agent is lost")
        await self.may_answer.wait()
        for path, when in taken:
            self._touch(path, when)
        self.told += taken
        async with self._news:
            self._news.notify_all()

    def _touch(self, path: str, when: int) -> None:
        for mount_point, location in self.guest.items():
            if path.startswith(mount_point):
                with contextlib.suppress(OSError):
                    os.utime(location + path[len(mount_point) :], ns=(when, when), follow_symlinks=False)

    @property
    def paths(self) -> set[str]:
        return {path for path, _ in self.told}

    async def wait(self, *paths: str) -> None:
        """Return when these were told."""
        async with self._news, asyncio.timeout(20):
            await self._news.wait_for(lambda: self.paths.issuperset(paths))

    def forget(self) -> None:
        self.told.clear()
        self.calls = 0


def mount(location: Path, mount_point: str = "/m", *, phase: MountPhase = MountPhase.MOUNTED) -> MountState:
    return MountState(location=str(location), mount_point=mount_point, writable=True, type="reverse-sshfs", phase=phase)


@contextlib.asynccontextmanager
async def running(agent: FakeAgent, *mounts: MountState, limit: int = LIMIT) -> AsyncIterator[list[MountState]]:
    """The mounts, which may be changed, while they are watched and the first file was told."""
    states = list(mounts)
    watch = HostWatch(lambda: states, agent, limit=limit, look_up=0.02)
    task = asyncio.create_task(watch.run())
    try:
        if states:
            await settle(agent, states[0])
        yield states
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def settle(agent: FakeAgent, state: MountState) -> None:
    """Make files until one is told, so that the directory is watched, and a last one after which it is quiet."""
    top = Path(state.location)
    number = 0
    while not agent.told:
        (top / f".first{number}").touch()
        number += 1
        await asyncio.sleep(0.02)
    for name in range(number):
        (top / f".first{name}").unlink()
    (top / ".last").touch()
    await agent.wait(f"{state.mount_point}/.last")
    await quiet(agent, state)


async def quiet(agent: FakeAgent, state: MountState) -> None:
    """Return when all that came before is told: a file that is made now is told after it."""
    name = f".quiet{os.urandom(4).hex()}"
    (Path(state.location) / name).touch()
    await agent.wait(f"{state.mount_point}/{name}")
    agent.forget()


@pytest.fixture
def top(tmp_path: Path) -> Path:
    made = tmp_path / "top"
    (made / "a" / "b").mkdir(parents=True)
    (made / "a" / "b" / "file").write_text("old")
    return made


async def test_a_change_is_told_by_its_path_in_the_guest_and_its_time_on_the_host(top: Path) -> None:
    agent = FakeAgent()
    async with running(agent, mount(top)):
        (top / "a" / "b" / "file").write_text("new")
        await agent.wait("/m/a/b/file")

        assert ("/m/a/b/file", (top / "a" / "b" / "file").stat().st_mtime_ns) in agent.told


async def test_what_comes_and_goes_is_told_with_its_directory(top: Path) -> None:
    agent = FakeAgent()
    async with running(agent, mount(top)):
        (top / "a" / "new").touch()
        await agent.wait("/m/a/new", "/m/a")
        agent.forget()

        (top / "a" / "new").unlink()
        await agent.wait("/m/a/new", "/m/a")
        assert dict(agent.told)["/m/a/new"] == (top / "a").stat().st_mtime_ns


async def test_a_rename_is_told_at_both_ends(top: Path) -> None:
    agent = FakeAgent()
    async with running(agent, mount(top)):
        (top / "a" / "b" / "file").rename(top / "other")

        await agent.wait("/m/a/b/file", "/m/a/b", "/m/other", "/m")


async def test_an_atomic_save_is_told_once(top: Path) -> None:
    agent = FakeAgent()
    async with running(agent, mount(top)) as states:
        for number in range(5):
            (top / f"tmp{number}").write_text("x")
            (top / f"tmp{number}").rename(top / "a" / "b" / "file")
        await agent.wait("/m/a/b/file", "/m/a/b")
        await quiet(agent, states[0])

        (top / "tmp").write_text("x" * 100)
        (top / "tmp").rename(top / "a" / "b" / "file")
        await agent.wait("/m/a/b/file", "/m/a/b")
        assert [path for path, _ in agent.told].count("/m/a/b/file") == 1


async def test_a_file_is_told_when_whoever_writes_it_has_set_its_times(top: Path) -> None:
    agent = FakeAgent()
    async with running(agent, mount(top)):
        for second in range(80):
            os.utime(top / "a" / "b" / "file", (second, second))
            await asyncio.sleep(0.002)  # as somebody at work; the end is not waited for
        await agent.wait("/m/a/b/file")

        assert [at for path, at in agent.told if path == "/m/a/b/file"] == [79 * 10**9]


async def test_what_the_guest_does_with_it_is_not_told_again(top: Path) -> None:
    agent = FakeAgent({"/m": str(top)})
    async with running(agent, mount(top)) as states:
        for name in ("x", "y", "z"):
            (top / name).write_text(name)
        await agent.wait("/m/x", "/m/y", "/m/z", "/m")
        for _ in range(3):
            await quiet(agent, states[0])
        (top / "end").touch()
        await agent.wait("/m/end")

        assert not {"/m/x", "/m/y", "/m/z"} & agent.paths


async def test_a_storm_is_told_as_directories(top: Path) -> None:
    agent = FakeAgent()
    async with running(agent, mount(top)) as states:
        for directory in range(10):
            (top / str(directory)).mkdir()
        agent.may_answer.clear()  # the guest is slow
        await asyncio.to_thread(run, [sys.executable, "-c", STORM, f"{top}/%d/%d"])
        agent.may_answer.set()
        await agent.wait(*(f"/m/{directory}" for directory in range(10)))

        assert len(agent.told) < 20_000 / 4
        await quiet(agent, states[0])
        (top / "7" / "7").write_text("later")
        await agent.wait("/m/7/7")


async def test_what_changed_while_the_agent_was_away_is_told_once_it_is_back(top: Path) -> None:
    agent = FakeAgent()
    async with running(agent, mount(top)):
        agent.connected.clear()
        for number in range(1000):
            (top / "a" / "b" / "file").write_text(str(number))
        (top / "a" / "new").touch()
        await asyncio.sleep(0)
        agent.connected.set()
        await agent.wait("/m/a/b/file", "/m/a/new", "/m/a")

        assert [path for path, _ in agent.told].count("/m/a/b/file") <= 2


async def test_what_was_lost_with_a_connection_is_told_again(top: Path) -> None:
    agent = FakeAgent()
    async with running(agent, mount(top)):
        agent.failures = 2
        (top / "a" / "b" / "file").write_text("x")
        await agent.wait("/m/a/b/file")

        assert agent.calls >= 3


async def test_a_location_that_is_a_link_is_watched_where_it_leads_to(top: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(top)
    agent = FakeAgent()
    async with running(agent, mount(tmp_path / "link")):
        (top / "a" / "file").touch()

        await agent.wait("/m/a/file")


async def test_only_what_is_mounted_is_told(top: Path, tmp_path: Path) -> None:
    other = tmp_path / "topother"  # its name begins as the other's
    other.mkdir()
    agent = FakeAgent()
    waiting = mount(other, "/other", phase=MountPhase.STARTING)
    async with running(agent, mount(top), waiting) as states:
        (other / "file").touch()
        (top / "mark").touch()
        await agent.wait("/m/mark")
        assert all(path.startswith("/m") for path in agent.paths)

        states[1] = mount(other, "/other")
        number = 0
        while not any(path.startswith("/other/") for path in agent.paths):
            (other / str(number)).touch()
            number += 1
            await asyncio.sleep(0.02)


async def test_a_name_that_is_no_utf8_is_told_by_its_directory(top: Path) -> None:
    agent = FakeAgent()
    async with running(agent, mount(top)):
        (top / "a" / "b" / "x\udcff").touch()

        await agent.wait("/m/a/b")
        for path in agent.paths:
            path.encode()


async def test_a_location_that_vanishes_and_returns_is_watched_again(top: Path) -> None:
    agent = FakeAgent()
    async with running(agent, mount(top)):
        top.rename(top.parent / "away")
        await asyncio.sleep(0.1)
        top.mkdir()
        number = 0
        while not any(path.startswith("/m/again") for path in agent.paths):
            (top / f"again{number}").touch()
            number += 1
            await asyncio.sleep(0.02)


async def test_a_network_drive_that_is_dead_holds_up_no_other_mount(top: Path, tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()
    dies = threading.Event()
    is_over = threading.Event()

    def place(location: str) -> Place:
        if location == str(drive) and dies.is_set():
            is_over.wait()
        return place_of(location)

    agent = FakeAgent()
    states = [mount(drive, "/drive"), mount(top)]
    task = asyncio.create_task(HostWatch(lambda: states, agent, look_up=0.02, place=place).run())
    try:
        await settle(agent, states[1])
        dies.set()
        for number in range(5):
            (top / f"file{number}").touch()
            await agent.wait(f"/m/file{number}")
    finally:
        is_over.set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_thread_that_has_ended_is_a_defect(top: Path) -> None:
    class Dead(Tree):
        def run(self) -> None:
            pass

    watch = HostWatch(lambda: [mount(top)], FakeAgent(), watcher=Dead, look_up=0.01)

    with pytest.raises(RuntimeError, match="thread"):
        await watch.run()


async def test_when_the_user_has_too_many_watchers_it_is_said_how_to_get_more(caplog: pytest.LogCaptureFixture) -> None:
    def none(_: Callable[[str, Sign], object]) -> Tree:
        raise OSError(errno.EMFILE, "Too many open files")

    task = asyncio.create_task(HostWatch(list, FakeAgent(), watcher=none).run())
    with caplog.at_level(logging.WARNING):
        while not caplog.records:
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert "sysctl fs.inotify.max_user_instances=" in caplog.text
