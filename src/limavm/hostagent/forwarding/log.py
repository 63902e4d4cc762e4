"""What is told of forwards: events, and lines of the log that wrappers and tests look for (spec/runtime.md 8.6).

What listens in the guest is the guest's business, and it may change without end: after a burst, lines
and events are left out, and one line says so.
"""

import errno
import logging
import time
from collections.abc import Callable

from limavm.hostagent.forwarding.budget import Budget
from limavm.hostagent.forwarding.portrules import Outcome
from limavm.hostagent.guestlink.complaints import Complaints
from limavm.model.event import PortForwardEvent
from limavm.model.forward import Forward

log = logging.getLogger(__name__)

#: Lines at once, and in a second after those; and as many in the long run, lest a guest fill the disk of the host.
_LIMITS = ((2000.0, 100.0), (50_000.0, 1.0))
#: Ports of services of the guest itself, which a host has as well: that they are taken is nobody's concern.
_NEGLIGIBLE = frozenset({("tcp", "53"), ("udp", "53"), ("udp", "323"), ("udp", "5353"), ("udp", "5355")})


class ForwardLog:
    """Tells of forwards. `now` is a clock in seconds."""

    def __init__(self, tell: Callable[[PortForwardEvent], None], now: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._complaints = Complaints(now)
        self._budgets = [Budget(at_once, a_second, now) for at_once, a_second in _LIMITS]

    def forwarding(self, forward: Forward) -> None:
        """A forward is open."""
        if self._may():
            log.info("%s", _opened(forward))
            self._emit("forwarding", forward)

    def stopping(self, forward: Forward) -> None:
        """A forward is not wanted any more."""
        if self._may():
            log.info("Stopping forwarding %s", _between(forward))
            self._emit("stopping", forward)

    def left_out(self, outcome: Outcome) -> None:
        """A listener or a rule is not forwarded."""
        if not self._may():
            return
        log.debug("%s %s is not forwarded: %s", outcome.protocol.upper(), outcome.guest, outcome.reason)
        if not outcome.quiet:
            log.info("Not forwarding %s %s", outcome.protocol.upper(), outcome.guest)
            if not outcome.guest.startswith("/"):
                self._tell(PortForwardEvent(type="not-forwarding", protocol=outcome.protocol, guest_addr=outcome.guest))

    def failed(self, forward: Forward, message: str, number: int | None) -> None:
        """A forward could not be opened; `number` is the errno if there is one."""
        if not self._may():
            return
        place = forward.guest if forward.reverse else forward.host
        line = f"failed to listen {forward.protocol}: {place}"
        if is_negligible(forward, number):
            log.debug("%s (%s)", line, message)
            log.info("Not forwarding %s %s", forward.protocol.upper(), forward.host)
        else:
            log.warning("%s", line)
            log.info("%s is tried again until it can be opened: %s", place, message)
        self._emit("failed", forward, message)

    def too_many(self, what: str, most: int) -> None:
        """More of something than is looked at."""
        self._complaints.tell(f"there are more than {most} {what}; the others are not forwarded")

    def _emit(self, kind: str, forward: Forward, error: str = "") -> None:
        """An event about a port. Lima has none about sockets, and `protocol` is `tcp` or `udp` to its consumers."""
        if not _is_socket(forward):
            self._tell(
                PortForwardEvent(
                    type=kind, protocol=forward.protocol, guest_addr=forward.guest, host_addr=forward.host, error=error
                )
            )

    def _may(self) -> bool:
        if not all(budget.has() for budget in self._budgets):
            self._complaints.tell("ports of the guest change without end; the log and the events leave some out")
            return False
        return all(budget.take() for budget in self._budgets)


def is_negligible(forward: Forward, number: int | None) -> bool:
    """Whether a failure to listen is nothing that a user needs to know."""
    return number == errno.EACCES or (forward.protocol, forward.host.rpartition(":")[2]) in _NEGLIGIBLE


def _opened(forward: Forward) -> str:
    if forward.static and not _is_socket(forward):
        return f"Setting up static {forward.protocol.upper()} forwarding from {forward.guest} to {forward.host}"
    return f"Forwarding {_between(forward)}"


def _between(forward: Forward) -> str:
    if not _is_socket(forward):
        return f"{forward.protocol.upper()} from {forward.guest} to {forward.host}"
    guest, host = f'"{forward.guest}" (guest)', f'"{forward.host}" (host)'
    return f"{host} to {guest}" if forward.reverse else f"{guest} to {host}"


def _is_socket(forward: Forward) -> bool:
    return forward.guest.startswith("/")
