"""`limactl timings`: when each phase of the last start began and ended."""

import os
import sys
from collections.abc import Sequence

from limavm.cli import instances, output
from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag
from limavm.cli.session import Session, output_is_terminal
from limavm.model.timings import Span

#: Eighths of a cell, from the left.
_EIGHTHS = " ▏▎▍▌▋▊▉"
_ASCII_FULL = "#"
_NARROWEST_BAR = 10


def _timings(_session: Session, names: list[str], *, json: bool) -> None:
    from limavm.instance.timings import load

    timings = load(instances.one_name(names))
    if json:
        print(output.json_text(timings, colour=output_is_terminal()))
    elif output_is_terminal():
        sys.stdout.write(waterfall(timings.spans, _width(), unicode=_speaks_unicode()))
    else:
        sys.stdout.write(table(timings.spans))


def table(spans: Sequence[Span]) -> str:
    """Name, begin, end and duration of each phase, in seconds since the command began."""
    rows = [("PHASE", "BEGIN", "END", "SECONDS")]
    for span in spans:
        end, duration = ("", "") if span.end is None else (f"{span.end:.3f}", f"{span.end - span.begin:.3f}")
        rows.append((span.name, f"{span.begin:.3f}", end, duration))
    return output.table(rows)


def waterfall(spans: Sequence[Span], width: int, *, unicode: bool = True) -> str:
    """One line a phase: its name, its seconds, and a bar where it lies on the time axis."""
    if not spans:
        return ""
    name_width = min(max(len(span.name) for span in spans), max(width // 3, 8))
    columns = max(width - name_width - 10, _NARROWEST_BAR)
    first, last = min(span.begin for span in spans), max(_end(span, span.begin) for span in spans)
    scale = columns / (last - first) if last > first else 0.0
    lines = []
    for span in spans:
        end = _end(span, last)
        left, right = (span.begin - first) * scale, (end - first) * scale
        drawn = bar(left, right) if unicode else ascii_bar(left, right)
        name = span.name[:name_width]
        lines.append(f"{name:<{name_width}} {end - span.begin:>7.2f}s {drawn}".rstrip())
    lines.append(f"{'total':<{name_width}} {last - first:>7.2f}s")
    return "".join(line + "\n" for line in lines)


def _end(span: Span, otherwise: float) -> float:
    """When the phase ended; one that goes on, or was cut off, ends at `otherwise`."""
    return otherwise if span.end is None else span.end


def bar(left: float, right: float) -> str:
    """Blocks from `left` to `right`, counted in cells: the begin is rounded, the end exact to an eighth."""
    begin = int(left)
    eighths = max(round((right - begin) * 8), 1)
    full, rest = divmod(eighths, 8)
    return " " * begin + "█" * full + (_EIGHTHS[rest] if rest else "")


def ascii_bar(left: float, right: float) -> str:
    """The same without Unicode."""
    begin = int(left)
    return " " * begin + _ASCII_FULL * max(round(right) - begin, 1)


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80


def _speaks_unicode() -> bool:
    try:
        "█▏".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


COMMAND = Command(
    "timings",
    _timings,
    usage="[INSTANCE]",
    most=1,
    help="""Show how long each phase of the last start took.

On a terminal as bars along the time since the command began, else as a table.""",
    flags=[BoolFlag(["--json"], help="As JSON, in seconds")],
    examples="limactl timings\nlimactl timings --json dev",
)
