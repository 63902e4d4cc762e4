"""Watches the mounts of one instance on the host, and tells the guest agent what changes."""

import asyncio
import contextlib
import errno
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Protocol

from limavm.errors import UserError
from limavm.host.aside import Aside
from limavm.host.clock import monotonic, wall_ns
from limavm.hostagent.inotify import kernel
from limavm.hostagent.inotify.changes import LIMIT, Look, Pending, Sign, Told, look
from limavm.hostagent.inotify.guestpaths import View, guest_paths, is_below, tops
from limavm.hostagent.inotify.places import LIMIT as ANSWERS
from limavm.hostagent.inotify.places import Place, Places, place_of
from limavm.model.mount import MountPhase, MountState

if sys.platform == "linux":
    from limavm.hostagent.inotify.tree import Tree as Watcher
else:
    from limavm.hostagent.inotify.elsewhere import Elsewhere as Watcher

log = logging.getLogger(__name__)

#: How often mounts and the directories behind them are looked at, in seconds: one may vanish, and come back.
_LOOK_UP = 2.0
#: What comes so soon after the first change is told with it: programs that save a file touch several.
_GATHER = 0.02
#: Who writes a file often sets its times right after that, and must not be disturbed: the guest sets them too when it
#: is told. So a file is told when it was left alone for so long, or at the latest after the second time.
_SETTLED = 0.1
_AT_LATEST = 1.0
#: Changes told in one call; the guest has carried them out when it answers.
_AT_ONCE = 32
_ANSWER = 60.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 10.0


class Agent(Protocol):
    """What is asked of the guest agent."""

    async def wait_connected(self) -> object:
        """Return when the agent answers."""

    async def inotify(self, changes: Callable[[], Awaitable[tuple[str, int] | None]]) -> None:
        """Tell of changes, and return when all are carried out; raises UserError when the agent is lost."""


class WatchesDirectories(Protocol):
    """A thread that watches: `tree.Tree`, `elsewhere.Elsewhere`."""

    def start(self) -> None:
        """Begin."""

    def watch(self, tops: Mapping[str, tuple[int, int] | None]) -> None:
        """Watch these directories, and no others."""

    def is_alive(self) -> bool:
        """Whether it goes on."""

    def close(self) -> None:
        """End."""


#: What was seen of a change: see `_see`.
_Seen = tuple[str, Sign, Look | None, int, bool]


class HostWatch:
    """The watch for one instance. `mounts` says how its mounts stand, whenever it is asked."""

    def __init__(
        self,
        mounts: Callable[[], Sequence[MountState]],
        agent: Agent,
        *,
        watcher: Callable[[Callable[[str, Sign], object]], WatchesDirectories] = Watcher,
        limit: int = LIMIT,
        look_up: float = _LOOK_UP,
        place: Callable[[str], Place] = place_of,
    ) -> None:
        """`place` says where a location leads."""
        self._mounts = mounts
        self._agent = agent
        self._make = watcher
        self._look_up = look_up
        self._pending = Pending(limit)
        self._lock = threading.Lock()
        self._told = Told()
        #: Since when files wait that are not left alone.
        self._unsettled: dict[str, float] = {}
        self._places = Places(place)
        #: By the directory that they are below: a network drive that is dead holds up nothing else.
        self._looks: dict[str, Aside] = {}
        self._views: list[View] = []
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Watch and tell until cancelled."""
        loop = asyncio.get_running_loop()

        def changed(path: str, sign: Sign) -> None:
            with self._lock:
                is_first = not self._pending
                self._pending.add(path, sign)
            if is_first:
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(self._news.set)

        watcher = await self._watcher(changed)
        watcher.start()
        try:
            await self._follow(watcher)
        finally:
            await self._places.close()
            await asyncio.to_thread(watcher.close)

    async def _watcher(self, changed: Callable[[str, Sign], object]) -> WatchesDirectories:
        """A watcher, as soon as the user may have one more."""
        is_told = False
        while True:
            try:
                return self._make(changed)
            except OSError as error:
                if not is_told:
                    log.warning("mountInotify: files of the host cannot be watched: %s%s", error, _remedy(error))
                is_told = True
            await asyncio.sleep(_LONGEST_PAUSE)

    async def _follow(self, watcher: WatchesDirectories) -> None:
        pause = _FIRST_PAUSE
        while True:
            if not watcher.is_alive():
                raise RuntimeError("the thread that watches directories has ended")
            await self._look(watcher)
            try:
                async with asyncio.timeout(self._look_up):
                    await self._news.wait()
                    await self._agent.wait_connected()
            except TimeoutError:
                continue
            await asyncio.sleep(_SETTLED / 2 if self._unsettled else _GATHER)
            try:
                async with asyncio.timeout(_ANSWER):
                    await self._tell()
                pause = _FIRST_PAUSE
            except (UserError, TimeoutError) as error:
                log.debug("changes of files are told later: %s", error or "the guest does not answer")
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _look(self, watcher: WatchesDirectories) -> None:
        """See what is mounted now, and watch that."""
        mounted = [state for state in self._mounts() if state.phase is MountPhase.MOUNTED]
        # What can be signalled best comes first, should there be too few watches.
        mounted.sort(key=lambda state: not state.writable)
        places = await self._places.find(state.location for state in mounted)
        views = [View(places[one.location].real, one.mount_point) for one in mounted if one.location in places]
        if views != self._views:
            log.info("Watching for changes: %s", ", ".join(view.real for view in views) or "nothing is mounted")
        self._views = views
        identities = {place.real: place.identity for place in places.values()}
        wanted = {path: identities[path] for path in tops(identities)}
        with self._lock:
            self._pending.tops = frozenset(wanted)
        watcher.watch(wanted)

    async def _tell(self) -> None:
        """Tell some of what waits; what could not be told waits again."""
        with self._lock:
            batch = self._pending.take(_AT_ONCE)
            if not self._pending:
                self._news.clear()
        news: list[tuple[str, Look | None, int]] = []
        try:
            found = [one for one in await self._seen(batch) if not self._waits_longer(*one)]
            batch = [(path, sign) for path, sign, *_ in found]
            news = [(path, now, at) for path, sign, now, at, _ in found if self._told.is_news(path, now, sign)]
            # Remembered before it is told: what the guest does to it comes back while it is told.
            for path, now, _ in news:
                self._told.remember(path, now)
            if news:
                began = monotonic()
                await self._agent.inotify(self._following(news))
                with self._lock:
                    self._pending.told(len(news), monotonic() - began)
        except BaseException:
            self._told.forget(path for path, _, _ in news)
            with self._lock:
                for path, sign in batch:
                    self._pending.add(path, sign)
            self._news.set()
            raise

    async def _seen(self, batch: Sequence[tuple[str, Sign]]) -> list[_Seen]:
        """How the files look; nothing of those that nobody sees in the guest, or that are on a dead drive."""
        by_top: dict[str, list[tuple[str, Sign]]] = {}
        for path, sign in batch:
            top = next((view.real for view in self._views if is_below(path, view.real)), None)
            if top is not None:
                by_top.setdefault(top, []).append((path, sign))
        found = await asyncio.gather(*(self._seen_below(top, changes) for top, changes in by_top.items()))
        return [one for several in found for one in several]

    async def _seen_below(self, top: str, changes: Sequence[tuple[str, Sign]]) -> list[_Seen]:
        looks = self._looks.setdefault(top, Aside(f"looks at changed files in {top}"))
        try:
            return await looks.call(lambda: [(path, sign, *_see(path)) for path, sign in changes], limit=ANSWERS)
        except TimeoutError:
            log.debug("%s does not answer: %d changes in it are not told", top, len(changes))
            return []

    def _following(
        self, news: Sequence[tuple[str, Look | None, int]]
    ) -> Callable[[], Awaitable[tuple[str, int] | None]]:
        messages = iter(list(dict.fromkeys(self._messages(news))))

        async def following() -> tuple[str, int] | None:
            return next(messages, None)

        return following

    def _waits_longer(self, path: str, sign: Sign, now: Look | None, _at: int, is_settled: bool) -> bool:
        """Whether somebody is still at work on a file; it waits again then."""
        if now is None or is_settled or monotonic() - self._unsettled.setdefault(path, monotonic()) > _AT_LATEST:
            self._unsettled.pop(path, None)
            return False
        if len(self._unsettled) > LIMIT:  # of what is told by its directory nobody hears again
            self._unsettled.clear()
        with self._lock:
            self._pending.add(path, sign)
        self._news.set()
        return True

    def _messages(self, news: Sequence[tuple[str, Look | None, int]]) -> Iterator[tuple[str, int]]:
        for path, now, at in news:
            if now or at:
                for there in guest_paths(self._views, path):
                    yield _speakable(there), at


def _see(path: str) -> tuple[Look | None, int, bool]:
    """How a file looks, the time to tell, and whether it was left alone lately.

    For one that has gone, it is the time of the directory where it was.
    """
    try:
        status = os.lstat(path)
    except OSError:
        with contextlib.suppress(OSError):
            return None, max(os.lstat(os.path.dirname(path)).st_mtime_ns, 0), True
        return None, 0, True
    return look(status), max(status.st_mtime_ns, 0), wall_ns() - status.st_ctime_ns >= _SETTLED * 1e9


def _speakable(path: str) -> str:
    """The path, or the nearest directory above that can be said in UTF-8."""
    while True:
        try:
            path.encode()
        except UnicodeEncodeError:
            path = os.path.dirname(path)
        else:
            return path


def _remedy(error: OSError) -> str:
    if error.errno != errno.EMFILE:
        return ""
    more = max(2 * kernel.limit("instances"), 1024)
    return f"; run `sudo sysctl fs.inotify.max_user_instances={more}`"
