"""What arithmetic and comparison need of dates; the layouts are those of `datelayout`."""

from datetime import UTC, datetime

from limavm.yq.datelayout import RFC3339, duration, form, parse
from limavm.yq.errors import Trouble


def fits(text: str, layout: str) -> bool:
    """Whether a text is a date in that layout; empty is RFC 3339."""
    return _parsed(text, layout) is not None


def moved(text: str, span: str, sign: int, layout: str) -> str:
    """A date so much later or, with the sign -1, earlier. Raises Trouble."""
    time = _parsed(text, layout)
    if time is None:
        raise Trouble(f"{text[:40]!r} is no date")
    try:
        return form(layout or RFC3339, time + sign * duration(span))
    except (ValueError, OverflowError):
        raise Trouble(f"a date cannot be moved by {span[:40]!r}", hint="durations are written like 3h10m") from None


def order(left: str, right: str, layout: str) -> int | None:
    """Negative, zero or positive; None when one of the two is no date."""
    first, second = _parsed(left, layout), _parsed(right, layout)
    if first is None or second is None:
        return None
    first, second = _placed(first), _placed(second)
    return (first > second) - (first < second)


def _parsed(text: str, layout: str) -> datetime | None:
    try:
        return parse(layout or RFC3339, text)
    except (ValueError, OverflowError):
        return None


def _placed(time: datetime) -> datetime:
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
