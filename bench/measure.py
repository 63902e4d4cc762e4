"""Timing, medians, tables and JSON, for the scripts beside this module.

Everything that is compared in one table is measured in one run, in turns, so that a machine that
slows down or speeds up meanwhile does so for all of them. Figures are ratios first and seconds second.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured thing: all its values, and what its median is compared with.

    `versus` names the figure that it is a ratio of. `aim` is the most that the ratio may be, or,
    without `versus`, the most that the median may be.
    """

    name: str
    values: list[float]
    unit: str = "s"
    versus: str | None = None
    aim: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)


@dataclass
class Report:
    """What one script has measured, for the table on standard output and for the JSON file."""

    bench: str
    figures: list[Figure] = field(default_factory=list)

    def add(
        self,
        name: str,
        values: Sequence[float],
        *,
        unit: str = "s",
        versus: str | None = None,
        aim: float | None = None,
    ) -> None:
        self.figures.append(Figure(name=name, values=list(values), unit=unit, versus=versus, aim=aim))

    def ratio(self, figure: Figure) -> float | None:
        """The median over the median of the figure that it is compared with."""
        for other in self.figures:
            if other.name == figure.versus and other.median:
                return figure.median / other.median
        return None

    def table(self) -> str:
        """A table in Markdown, which reads well in a terminal too."""
        rows = [["what", "median", "lowest", "highest", "ratio", "aim", "runs"]]
        for figure in self.figures:
            ratio = self.ratio(figure)
            rows.append(
                [
                    figure.name,
                    quantity(figure.median, figure.unit),
                    quantity(min(figure.values), figure.unit),
                    quantity(max(figure.values), figure.unit),
                    f"{ratio:.2f}" if ratio is not None else "",
                    self._aim(figure, ratio),
                    str(len(figure.values)),
                ]
            )
        return markdown(rows)

    def _aim(self, figure: Figure, ratio: float | None) -> str:
        if figure.aim is None:
            return ""
        measured = figure.median if figure.versus is None else ratio
        limit = quantity(figure.aim, figure.unit) if figure.versus is None else f"{figure.aim:.2f}"
        return f"≤ {limit} {'met' if measured is not None and measured <= figure.aim else 'MISSED'}"

    def document(self) -> dict[str, object]:
        """What the JSON file holds."""
        return {
            "bench": self.bench,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "host": host(),
            "figures": [
                {
                    "name": figure.name,
                    "unit": figure.unit,
                    "median": figure.median,
                    "values": figure.values,
                    "versus": figure.versus,
                    "ratio": self.ratio(figure),
                    "aim": figure.aim,
                }
                for figure in self.figures
            ],
        }

    def finish(self, json_path: str | None) -> None:
        """Print the table, and write the JSON where it was asked for."""
        print(f"{self.bench}: {describe(host())}\n")
        print(self.table())
        if json_path:
            self.save(json_path)

    def save(self, json_path: str) -> None:
        """Write the JSON."""
        with open(json_path, "w", encoding="utf-8") as file:
            json.dump(self.document(), file, indent=2)
            file.write("\n")


def quantity(value: float, unit: str) -> str:
    """A value with its unit, at a precision that can be compared by eye."""
    match unit:
        case "s":
            return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"
        case "B":
            return f"{value / 1024:.0f} KiB" if value < 1 << 20 else f"{value / (1 << 20):.1f} MiB"
        case _ if unit.startswith("s/") and value < 1:
            return f"{value * 1000:.2f} m{unit}"
        case _:
            return f"{value:.2f} {unit}"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table of which the first row is the heading; numbers are aligned to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        first, *rest = row
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([line(rows[0]), rule, *(line(row) for row in rows[1:])])


def host() -> dict[str, object]:
    """What a reader has to know about the machine to judge the seconds."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "kvm": has_kvm(),
    }


def has_kvm() -> bool:
    """Whether machines run on KVM here, by the rule of docs/architecture.md, "Accelerator", as far as files tell."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = file.read().split()
    except OSError:
        return False
    virtual = platform.machine() != "x86_64" or "vmx" in flags or "svm" in flags
    return virtual and os.access("/dev/kvm", os.R_OK | os.W_OK)


def describe(facts: Mapping[str, object]) -> str:
    """The facts of `host` in one line."""
    return ", ".join(f"{key} {value}" for key, value in facts.items())


def timed(argv: Sequence[str], env: Mapping[str, str] | None = None) -> float:
    """Seconds that a command takes; it has to succeed. Its output is shown when it fails."""
    begin = time.perf_counter()
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode:
        sys.exit(f"{' '.join(argv)} failed ({done.returncode}):\n{done.stderr.decode(errors='replace')}")
    return seconds


def in_turns(cases: Mapping[str, Callable[[], float]], runs: int, *, warm_up: int = 1) -> dict[str, list[float]]:
    """Measure all the cases, one after the other, `runs` times; the first `warm_up` rounds do not count."""
    values: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(warm_up + runs):
        for name, case in cases.items():
            seconds = case()
            if number >= warm_up:
                values[name].append(seconds)
    return values


def parser(description: str, runs: int) -> argparse.ArgumentParser:
    """The options that every script has."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--runs", type=int, default=runs, metavar="N", help=f"how often to measure (default: {runs})")
    made.add_argument("--json", metavar="FILE", help="write the figures, with every single value, to FILE")
    made.add_argument("--limactl", default=find_limactl(), metavar="PATH", help="the limactl to measure")
    return made


def find_limactl() -> str:
    """The limactl of the environment that this script runs in, else the one in PATH."""
    beside = os.path.join(os.path.dirname(sys.executable), "limactl")
    return beside if os.path.exists(beside) else "limactl"
