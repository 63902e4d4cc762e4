"""When each phase of a start began and ended: `timings.json` of an instance."""

from limavm.model.value import Value


class Span(Value, frozen=True, kw_only=True):
    """One phase; seconds since the command began. `end` is None while it goes on."""

    name: str
    begin: float
    end: float | None = None


class Timings(Value, frozen=True, kw_only=True):
    """The phases of one start. `began` is RFC 3339, `clock` the monotonic clock at that moment."""

    began: str
    clock: float
    spans: tuple[Span, ...] = ()
    ready: float | None = None

    def with_span(self, span: Span) -> "Timings":
        """These timings with `span` added, or replacing the one of the same name."""
        spans = (*(other for other in self.spans if other.name != span.name), span)
        return Timings(
            began=self.began,
            clock=self.clock,
            spans=tuple(sorted(spans, key=lambda one: (one.begin, -(one.end or one.begin)))),
            ready=self.ready,
        )
