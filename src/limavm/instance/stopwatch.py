"""Times what `limactl start` does before the host agent takes over, in `INST/timings.json`."""

import contextlib
import os
from collections.abc import Iterator

import msgspec

from limavm.host import paths
from limavm.host.clock import monotonic, now_rfc3339
from limavm.host.files import write_atomic
from limavm.model.timings import Span, Timings


class Stopwatch:
    """Records phases of one start, which begins now."""

    def __init__(self, directory: str) -> None:
        self._path = os.path.join(directory, paths.TIMINGS_JSON)
        self.timings = Timings(began=now_rfc3339(), clock=monotonic())

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Record the body as a span."""
        begin = monotonic() - self.timings.clock
        yield
        end = monotonic() - self.timings.clock
        self.timings = self.timings.with_span(Span(name=name, begin=round(begin, 4), end=round(end, 4)))

    def save(self) -> None:
        """Write what was recorded, for the host agent to go on with."""
        write_atomic(self._path, msgspec.json.format(msgspec.json.encode(self.timings), indent=2) + b"\n")
