"""What things occupy on the disk when they share parts of it, and what would be free without some of them.

Things hold files; several names may be one file (hard links), several files may have the same stretches of a
device (reflinks). Each byte belongs to one pool, which is told by who holds it, and every question is a sum over
pools. What somebody holds whom we do not know is never free afterwards: there are more links than we have seen,
or the file system calls a stretch shared and we know one holder.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from limavm.model.value import Value


class FileSpace(Value, frozen=True, kw_only=True):
    """One name of a file.

    `size`: the bytes that it takes; `stretches`: what of them other files have, too, from and to on the device.
    """

    device: int
    inode: int
    size: int
    links: int = 1
    stretches: tuple[tuple[int, int], ...] = ()

    @property
    def identity(self) -> tuple[int, int]:
        """Equal for names of the same file."""
        return self.device, self.inode


class Part(Value, frozen=True, kw_only=True):
    """What one thing takes: `own` would be free without it, `shared` is what others have, too."""

    occupied: int
    own: int

    @property
    def shared(self) -> int:
        """What stays when it goes."""
        return self.occupied - self.own


class Pools:
    """The bytes of several things, by who holds them."""

    def __init__(self, things: Sequence[Sequence[FileSpace]]) -> None:
        #: Who holds it, and whether somebody unknown does, too: bytes.
        self._bytes: Counter[tuple[frozenset[int], bool]] = Counter()
        holders, seen = _holders(things)
        files = {file.identity: file for thing in things for file in thing}
        for identity, file in files.items():
            rest = file.size - sum(end - start for start, end in file.stretches)
            outside = file.links > seen[identity]
            self._bytes[holders[identity], outside] += max(rest, 0)
        for device in {file.device for file in files.values()}:
            there = [file for file in files.values() if file.device == device and file.stretches]
            for length, names in _pieces(there):
                alone = names.total() == 1
                outside = alone or any(files[name].links > seen[name] for name in names)
                self._bytes[frozenset().union(*(holders[name] for name in names)), outside] += length

    def total(self, things: Iterable[int] | None = None) -> int:
        """The bytes of all things, or of these, each counted once."""
        wanted = None if things is None else set(things)
        return sum(size for (who, _), size in self._bytes.items() if wanted is None or who & wanted)

    def freed(self, things: Iterable[int]) -> int:
        """The bytes that nobody holds when these things are gone."""
        gone = set(things)
        return sum(size for (who, outside), size in self._bytes.items() if who <= gone and not outside)

    def part(self, thing: int) -> Part:
        """What one thing takes."""
        return Part(occupied=self.total([thing]), own=self.freed([thing]))


def _holders(
    things: Sequence[Sequence[FileSpace]],
) -> tuple[Mapping[tuple[int, int], frozenset[int]], Mapping[tuple[int, int], int]]:
    """Which things have each file, and how many of its names we know."""
    holders: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    seen: Counter[tuple[int, int]] = Counter()
    for number, thing in enumerate(things):
        for file in thing:
            holders[file.identity].add(number)
            seen[file.identity] += 1
    return {identity: frozenset(found) for identity, found in holders.items()}, seen


def _pieces(files: Sequence[FileSpace]) -> Iterator[tuple[int, Counter[tuple[int, int]]]]:
    """The stretches of one device, cut wherever one begins or ends: length, and how often each file has it."""
    edges: defaultdict[int, list[tuple[tuple[int, int], int]]] = defaultdict(list)
    for file in files:
        for start, end in file.stretches:
            edges[start].append((file.identity, 1))
            edges[end].append((file.identity, -1))
    active: Counter[tuple[int, int]] = Counter()
    before = 0
    for edge in sorted(edges):
        if active:
            yield edge - before, active
        for identity, change in edges[edge]:
            active[identity] += change
            if not active[identity]:
                del active[identity]
        before = edge
