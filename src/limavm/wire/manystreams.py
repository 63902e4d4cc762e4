"""h2's connection, for thousands of streams.

h2 counts the open streams by looking at each of them whenever another one is opened, and forgets those that are
closed on the way. With ten thousand idle tunnels that is a second of an emulated guest for each dozen of new ones.
"""

from h2.connection import H2Connection

#: Streams that may be there, closed ones among them, before they are looked at for the first time.
_FEW = 64


class ManyStreams(H2Connection):
    """Looks at its streams again when there are twice as many as were left the last time."""

    _look_at = _FEW

    def _open_streams(self, remainder: int) -> int:
        known = len(self.streams)
        if known < min(self._look_at, self._most(remainder)):
            return known  # or less: it is asked for to compare it with the limit
        count = super()._open_streams(remainder)
        self._look_at = 2 * len(self.streams) + _FEW
        return count

    def _most(self, remainder: int) -> int:
        """How many streams with such numbers the one who accepts them takes."""
        ours = remainder == int(bool(self.config.client_side))
        return (self.remote_settings if ours else self.local_settings).max_concurrent_streams
