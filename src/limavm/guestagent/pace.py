"""How often to look at what listens: as often as a small share of one processor allows.

Pure: told what a look cost, it answers in seconds.
"""

#: The share of a processor in an idle guest.
IDLE_SHARE = 0.004
#: The share while sockets come and go all the time.
BUSY_SHARE = 0.05
#: Polling, and nothing else to tell that something changed.
SHORTEST = 0.15
#: Only a UDP socket that ceases is not told.
SHORTEST_FOR_UDP = 0.4
#: Everything is told: in case that something was not.
SHORTEST_WITH_EVENTS = 2.0
#: Where a look costs more than 6 ms (some thousand sockets, or an emulated processor) the share is larger than said.
LONGEST = 3.0
#: Between an event and the look: what comes in groups is seen at once.
TOGETHER = 0.005
#: To wake, and to wait again, costs nearly as much as the look between.
_FACTOR = 2.0
_REMEMBERED = 8


class Pace:
    """Remembers what the last looks cost."""

    def __init__(self, shortest: float) -> None:
        """`shortest`: the interval between looks where they cost nothing."""
        self.shortest = shortest
        self._costs: list[float] = []
        self._first = True

    def spent(self, cost: float) -> None:
        """A look took `cost` seconds of a processor."""
        if self._first:
            self._first = False  # it costs many times what the others do
        else:
            self._costs = [cost, *self._costs[: _REMEMBERED - 1]]

    def idle(self) -> float:
        """How long to wait for the next look when nothing is known to have happened."""
        return min(max(self._cost(len(self._costs) // 4) / IDLE_SHARE, self.shortest), LONGEST)

    def busy(self) -> float:
        """How long to wait at least between two looks, whatever happens."""
        return min(max(self._cost(0) / BUSY_SHARE, TOGETHER), LONGEST)

    def _cost(self, place: int) -> float:
        """What a look usually costs: some only seem to take long, as an emulated processor waits for its host."""
        return sorted(self._costs)[place] * _FACTOR if self._costs else 0.0
