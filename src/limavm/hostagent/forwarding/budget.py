"""How often something may be done that a guest causes: so often at once, and so often in a second after that. Pure."""

import time
from collections.abc import Callable


class Budget:
    """Grows with time up to `most`. `now` is a clock in seconds."""

    def __init__(self, most: float, a_second: float, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._a_second = a_second
        self._now = now
        self._left = most
        self._since = now()

    def has(self) -> bool:
        """Whether there is enough for one time."""
        now = self._now()
        self._left = min(self._most, self._left + (now - self._since) * self._a_second)
        self._since = now
        return self._left >= 1

    def take(self) -> bool:
        """Whether it may be done, which counts as done."""
        if not self.has():
            return False
        self._left -= 1
        return True
