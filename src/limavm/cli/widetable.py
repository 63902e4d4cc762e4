"""Tables of six columns that fit the terminal: in the second and third are addresses or paths, in the last a reason."""

from collections.abc import Sequence

from limavm.cli import output

#: Blanks between columns where the terminal is too narrow for those that other tables have.
_GAP = 2
#: What a reason and an address keep there: most IPv4 addresses are shown whole.
_LEAST_REASON = 16
_LEAST_ADDRESS = 14


def wide_table(rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """A line for each row, the head first; none is longer than `width`, if that is given."""
    text = output.table(rows)
    if width is None or max(map(len, text.splitlines())) <= width:
        return text
    lines = output.table(_fitted(rows, width), gap=_GAP).splitlines()
    return "".join(line[:width].rstrip() + "\n" for line in lines)


def _fitted(rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    """The rows with reasons shortened, and then addresses, as far as the width asks for it."""
    first, left, right, fourth, fifth, reason = (max(map(len, column)) for column in zip(*rows, strict=True))
    room = width - 5 * _GAP - first - fourth - fifth
    reason = min(reason, max(room - left - right, _LEAST_REASON))
    room = max(room - reason, 2 * _LEAST_ADDRESS)
    # The longer one gives way first.
    left_room = max(room // 2, room - right)
    right_room = max(room // 2, room - left)
    return [
        [one[0], _end_of(one[1], left_room), _end_of(one[2], right_room), one[3], one[4], _begin_of(one[5], reason)]
        for one in rows
    ]


def _begin_of(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _end_of(text: str, room: int) -> str:
    """The end of an address: that of a path tells most."""
    return text if len(text) <= room else "…" + text[len(text) - room + 1 :]
