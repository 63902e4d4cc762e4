"""How fast events of a guest agent are taken, which is not trusted to come to an end. Pure."""

#: Events that are taken at once, and in a second: more of them wait in the guest.
BURST = 200
#: One that takes longer than a moment to apply is followed by a rest of so many times what it took.
_QUICK = 0.01
_REST = 10


class Pace:
    """The pace of one stream of events, by a clock in seconds."""

    def __init__(self, now: float) -> None:
        self._second = now
        self._budget = BURST

    def rest(self, before: float, after: float) -> float:
        """Seconds to rest after an event that was applied between these times; none to go on if not above 0."""
        if after - self._second > 1:
            self._second, self._budget = after, BURST
        self._budget -= 1
        until_next_second = 0.0 if self._budget > 0 else self._second + 1 - after
        return max(_REST * (after - before - _QUICK), until_next_second)
