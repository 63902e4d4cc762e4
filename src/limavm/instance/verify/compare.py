"""What a side of a mount has that it should not have: pure, but for the bytes that are asked for."""

from collections.abc import Callable, Mapping

from limavm.instance.verify.peer import BLOCK, Entry
from limavm.model.value import Value


class Difference(Value, frozen=True, kw_only=True):
    """One difference. `side` is where it was seen, `host` or `guest`; texts are for people."""

    side: str
    writer: str
    name: str
    what: str
    expected: str
    found: str


class Bytes(Value, frozen=True, kw_only=True):
    """The first of the differing blocks of a file, on both sides, and how many there are."""

    offset: int
    expected: bytes
    found: bytes
    blocks: int


def differences(
    expected: Mapping[str, Entry], found: Mapping[str, Entry], *, side: str, writer: str, modes: bool = True
) -> list[Difference]:
    """Every name, content or attribute that is not as expected; `modes`: whether permissions are to be the same."""
    several = []
    for name in sorted(expected.keys() | found.keys()):
        wanted, seen = expected.get(name), found.get(name)
        if wanted is None or seen is None:
            values = [("name", "there" if wanted else "not there", "there" if seen else "not there")]
        else:
            keys = [key for key in wanted.keys() | seen.keys() if wanted.get(key) != seen.get(key)]
            values = [(key, _text(key, wanted.get(key)), _text(key, seen.get(key))) for key in sorted(keys)]
        several += [
            Difference(side=side, writer=writer, name=name, what=what, expected=before, found=after)
            for what, before, after in values
            if modes or what != "mode"
        ]
    return several


def first_difference(
    expected: list[str], found: list[str], block_of: Callable[[int], tuple[bytes, bytes]]
) -> Bytes | None:
    """The first of the blocks whose digests differ; `block_of` gives the bytes of one, expected and found."""
    length = max(len(expected), len(found))
    differing = [number for number in range(length) if expected[number : number + 1] != found[number : number + 1]]
    if not differing:
        return None
    wanted, seen = block_of(differing[0])
    common = next((i for i, pair in enumerate(zip(wanted, seen, strict=False)) if pair[0] != pair[1]), None)
    start = min(len(wanted), len(seen)) if common is None else common
    return Bytes(
        offset=differing[0] * BLOCK + start,
        expected=wanted[start : start + 8],
        found=seen[start : start + 8],
        blocks=len(differing),
    )


def _text(key: str, value: object) -> str:
    if value is None:
        return "none"
    return f"{value:04o}" if key == "mode" and isinstance(value, int) else str(value)
