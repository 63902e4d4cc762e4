"""The part of the package `multidict` that grpclib uses, which takes that package's place in the guest.

multidict 7 asks for Python 3.11, while a guest may have 3.10, and it takes a fifth of the time in which the agent
starts. `limavm.seed.agentbundle` puts this file into the bundle under the package's name; on the host nothing
imports it but its tests, which compare it with the real one.
"""

from collections.abc import ItemsView, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

__all__ = ["MultiDict"]

Item = TypeVar("Item")


class _Items(ItemsView[str, Item], Generic[Item]):
    """All pairs in their order, also several of one key."""

    def __init__(self, pairs: "list[tuple[str, Item]]") -> None:
        self._pairs = pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def __contains__(self, pair: object) -> bool:
        return pair in self._pairs

    def __iter__(self) -> "Iterator[tuple[str, Item]]":
        return iter(self._pairs)


class MultiDict(Mapping[str, Item], Generic[Item]):
    """A mapping in which a key may have several values; a look-up gives the first one."""

    def __init__(self, pairs: "Mapping[str, Item] | Iterable[tuple[str, Item]]" = ()) -> None:
        self._pairs: list[tuple[str, Item]] = list(pairs.items() if isinstance(pairs, Mapping) else pairs)

    def __getitem__(self, key: str) -> Item:
        for name, value in self._pairs:
            if name == key:
                return value
        raise KeyError(key)

    def __iter__(self) -> "Iterator[str]":
        return iter(dict.fromkeys(name for name, _ in self._pairs))

    def __len__(self) -> int:
        return len(self._pairs)

    def items(self) -> "_Items[Item]":
        """The pairs, in the order in which they came."""
        return _Items(self._pairs)

    def add(self, key: str, value: Item) -> None:
        """Give the key one more value."""
        self._pairs.append((key, value))

    def getall(self, key: str) -> "list[Item]":
        """Every value of the key; raises KeyError when it has none."""
        values = [value for name, value in self._pairs if name == key]
        if not values:
            raise KeyError(key)
        return values
