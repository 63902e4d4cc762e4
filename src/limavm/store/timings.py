"""Records when each phase of the start began and ended, in `INST/timings.json`."""

import contextlib
import os
from collections.abc import Iterator

import msgspec

from limavm.host import paths
from limavm.host.clock import monotonic, now_rfc3339
from limavm.host.files import write_atomic
from limavm.model.timings import Span, Timings

__all__ = ["Recorder"]


class Recorder:
    """Collects the spans of a start that begins now; `save` makes them visible to `limactl timings`.

    With `resume` it goes on with what `limactl start` has recorded, if that is of this start.
    """

    def __init__(self, directory: str, *, resume: bool = False) -> None:
        self._path = os.path.join(directory, paths.TIMINGS_JSON)
        self.timings = (self._begun() if resume else None) or Timings(began=now_rfc3339(), clock=monotonic())

    def _begun(self) -> Timings | None:
        try:
            with open(self._path, "rb") as file:
                found = msgspec.json.decode(file.read(), type=Timings)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None
        return found if found.ready is None and found.clock <= monotonic() else None

    def now(self) -> float:
        """Seconds since the command began."""
        return monotonic() - self.timings.clock

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Record the body as one span, also when it fails."""
        begin = self.now()
        try:
            yield
        finally:
            self.add(name, begin, self.now())

    def add(self, name: str, begin: float, end: float) -> None:
        """Record a span that is over."""
        self.timings = self.timings.with_span(Span(name=name, begin=round(begin, 4), end=round(end, 4)))

    def ready(self) -> None:
        """The machine is ready now: the start is over."""
        self.timings = msgspec.structs.replace(self.timings, ready=round(self.now(), 4))

    def save(self) -> None:
        """Write what is known so far."""
        write_atomic(self._path, msgspec.json.format(msgspec.json.encode(self.timings), indent=2) + b"\n")
