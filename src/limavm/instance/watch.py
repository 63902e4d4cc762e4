"""What happens to instances, as it happens, for `limactl watch` (spec/cli.md 6.16).

The files of events of all instances are followed; whoever starts an instance makes them anew, and they may not
exist yet. Nothing is asked of a host agent, so that it costs them nothing to be watched.
"""

import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence

import msgspec

from limavm.host import paths
from limavm.instance.follow import LogLine, Pace, Tail, log_line_of
from limavm.model.event import Event
from limavm.model.value import Value
from limavm.store import instances

#: Seconds between two looks for new instances.
_LOOK = 0.5


class Told(Value, frozen=True, kw_only=True):
    """An event of an instance."""

    instance: str
    event: Event


class Logged(Value, frozen=True, kw_only=True):
    """A line of a host agent's log."""

    instance: str
    line: LogLine


class Appeared(Value, frozen=True, kw_only=True):
    """There is a new instance; it is watched from now on."""

    instance: str


class Vanished(Value, frozen=True, kw_only=True):
    """An instance has been deleted or has another name."""

    instance: str


class Puzzled(Value, frozen=True, kw_only=True):
    """Something of an instance that cannot be read."""

    instance: str
    problem: str


Happening = Told | Logged | Appeared | Vanished | Puzzled


class Watcher:
    """Follows some instances, or all that there are; each `poll` gives what has happened since the last one."""

    def __init__(self, names: Sequence[str] | None, *, history: bool = False, logs: bool = False) -> None:
        """None: all, and those that appear. `history`: from the begin of the files. `logs`: the host agents' too."""
        self._all = names is None
        self._logs = logs
        self._followed: dict[str, _Followed] = {}
        self._unreadable: set[str] = set()
        for name in _existing() if names is None else names:
            self._follow(name, at_end=not history)

    @property
    def names(self) -> list[str]:
        """The instances that are watched now."""
        return list(self._followed)

    def _follow(self, name: str, *, at_end: bool) -> None:
        self._followed[name] = _Followed(name, at_end=at_end, logs=self._logs)

    def look(self) -> Iterator[Happening]:
        """Find out which instances there are now."""
        if not self._all:
            return
        found = set(_existing())
        for name in sorted(self._followed.keys() - found):
            yield from self._followed[name].new()  # its last words
            self._followed.pop(name).close()
            yield Vanished(instance=name)
        for name in sorted(found - self._followed.keys()):
            self._follow(name, at_end=False)
            yield Appeared(instance=name)

    def poll(self) -> Iterator[Happening]:
        """What the instances have told since the last time."""
        for followed in self._followed.values():
            try:
                yield from followed.new()
            except OSError as error:
                if followed.name not in self._unreadable:
                    self._unreadable.add(followed.name)
                    yield Puzzled(instance=followed.name, problem=f"its events cannot be read: {error}")

    def close(self) -> None:
        """Let go of the files."""
        for followed in self._followed.values():
            followed.close()


class _Followed:
    """The files of one instance."""

    def __init__(self, name: str, *, at_end: bool, logs: bool) -> None:
        self.name = name
        directory = paths.instance_dir(name)
        self._events = Tail(os.path.join(directory, paths.HA_STDOUT), at_end=at_end)
        self._log = Tail(os.path.join(directory, paths.HA_STDERR), at_end=at_end) if logs else None

    def new(self) -> Iterator[Happening]:
        for line in self._log.lines() if self._log else ():
            if parsed := log_line_of(line, 0):
                yield Logged(instance=self.name, line=parsed)
        for line in self._events.lines():
            try:
                yield Told(instance=self.name, event=msgspec.json.decode(line, type=Event))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                yield Puzzled(instance=self.name, problem=f"a line that is no event: {line[:200]!r}")

    def close(self) -> None:
        self._events.close()
        if self._log:
            self._log.close()


def _existing() -> list[str]:
    return [name for name in instances.names() if instances.is_instance(name)]


def happenings(watcher: Watcher, *, clock: Callable[[], float] = time.monotonic) -> Generator[Happening, None, None]:
    """All that happens, for ever."""
    pace = Pace()
    looked = clock()
    while True:
        active = False
        if clock() - looked > _LOOK:
            looked = clock()
            for happening in watcher.look():
                active = True
                yield happening
        for happening in watcher.poll():
            active = True
            yield happening
        pace.rest(active=active)
