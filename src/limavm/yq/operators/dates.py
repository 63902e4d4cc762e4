"""Operators on times: `now`, `format_datetime`, `tz`, `from_unix`, `to_unix`, `with_dtf`.

Where yq takes the zone of the host we take UTC: an expression shall mean the same everywhere.
"""

from datetime import UTC, datetime, tzinfo
from importlib import import_module
from typing import Any

import msgspec

from limavm.roundtrip.scalars import implicit_tag
from limavm.yq import datelayout
from limavm.yq.context import Candidate, Context
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.operands import parameter
from limavm.yq.scalars import real_tag, scalar
from limavm.yq.tree import Expr


def now(evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """The time, once."""
    if evaluator.world.clock is None:
        raise Trouble("there is no clock here")
    time = datetime.fromtimestamp(int(evaluator.world.clock()), UTC)
    value = scalar(datelayout.form(datelayout.RFC3339, time), "!!timestamp")
    return [context.candidates[0].replaced(value) if context.candidates else Candidate(node=value)]


def format_datetime(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """The time in a layout of Go; what comes out may be a number."""
    layout = parameter(evaluator, context, expr.rhs)
    results: list[Candidate] = []
    for candidate in context.candidates:
        value = _formed(layout, _time(candidate, context))
        results.append(candidate.replaced(scalar(value, implicit_tag(value))))
    return results


def tz(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """The same time in another zone."""
    zone = _zone(parameter(evaluator, context, expr.rhs))
    results: list[Candidate] = []
    for candidate in context.candidates:
        time = _moved(_time(candidate, context), zone)
        value = scalar(_formed(_layout(context), time), candidate.node.full_tag)
        results.append(candidate.replaced(value))
    return results


def from_unix(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """The time so many seconds after 1970 began."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        node = candidate.node.resolved
        if real_tag(node) not in ("!!int", "!!float"):
            raise Trouble(f"from_unix takes a number, and this is a {node.full_tag}")
        try:
            time = datetime.fromtimestamp(float(node.value.replace("_", "")), UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise Trouble(f"{node.value[:60]!r} is no time") from error
        value = scalar(_formed(datelayout.RFC3339, time), "!!timestamp")
        results.append(candidate.replaced(value))
    return results


def to_unix(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """Seconds since 1970 began."""
    return [
        candidate.integer(int((_time(candidate, context) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1))
        for candidate in context.candidates
    ]


def with_dtf(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """An expression in which times have another layout."""
    operands = expr.rhs
    if operands is None or operands.op not in (";", ",") or operands.rhs is None:
        raise Trouble('with_dtf takes a layout and an expression: with_dtf("02 Jan 06"; ...)')
    layout = parameter(evaluator, context, operands.lhs)
    return evaluator.evaluate(operands.rhs, _with_layout(context, layout))


def _with_layout(context: Context, layout: str) -> Context:
    return msgspec.structs.replace(context, date_layout=layout)


def _layout(context: Context) -> str:
    return context.date_layout or datelayout.RFC3339


def _time(candidate: Candidate, context: Context) -> datetime:
    try:
        return datelayout.parse(_layout(context), candidate.node.resolved.value)
    except (ValueError, OverflowError) as error:
        raise Trouble(str(error)) from error


def _formed(layout: str, time: datetime) -> str:
    try:
        return datelayout.form(layout, time)
    except (ValueError, OverflowError) as error:
        raise Trouble(f"the time cannot be written: {error}") from error


def _moved(time: datetime, zone: tzinfo) -> datetime:
    try:
        return time.astimezone(zone)
    except (ValueError, OverflowError) as error:
        raise Trouble(f"the time cannot be told in that zone: {error}") from error


def _zone(name: str) -> tzinfo:
    if name in ("", "UTC", "Local"):
        return UTC
    # Loaded when it is used: it looks for the data base of zones of the host, which is slow.
    zones: Any = import_module("zoneinfo")
    try:
        zone = zones.ZoneInfo(name)
    except (zones.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Trouble(f"there is no time zone {name[:60]!r}") from error
    assert isinstance(zone, tzinfo)
    return zone


TABLE: dict[str, Operator] = {
    "now": now,
    "format_datetime": format_datetime,
    "tz": tz,
    "from_unix": from_unix,
    "to_unix": to_unix,
    "with_dtf": with_dtf,
}
