"""What arithmetic and comparison need of dates; the layouts are those of `datelayout`."""

from datetime import datetime

from limavm.yq import datelayout
from limavm.yq.errors import Trouble


def fits(text: str, layout: str) -> bool:
    """Whether a text is a date in that layout; empty is RFC 3339."""
    return _read(text, layout) is not None


def moved(text: str, duration: str, sign: int, layout: str) -> str:
    """A date so much later or, with the sign -1, earlier. Raises Trouble."""
    try:
        time = datelayout.parse(layout or datelayout.RFC3339, text)
        return datelayout.form(layout or datelayout.RFC3339, time + sign * datelayout.duration(duration))
    except (ValueError, OverflowError) as error:
        raise Trouble(str(error)) from error


def order(left: str, right: str, layout: str) -> int | None:
    """Negative, zero or positive; None when one of the two is no date."""
    earlier, later = _read(left, layout), _read(right, layout)
    if earlier is None or later is None:
        return None
    return (earlier > later) - (earlier < later)


def _read(text: str, layout: str) -> datetime | None:
    try:
        return datelayout.parse(layout or datelayout.RFC3339, text)
    except (ValueError, OverflowError):
        return None
