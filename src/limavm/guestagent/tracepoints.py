"""Being woken when somebody in the guest begins or ceases to listen, so that nobody has to look all the time.

The events only wake; what listens is told by `sockdiag`. Two ways, the better one first, and neither on trust: a
socket of our own must be noticed, or it is given up.

* Probes on the functions of the kernel that a socket passes: they cost nothing but when one is bound or listens, come
  when the socket is there to be found, and need no tracefs.
* Tracepoints: `sock/inet_sock_set_state`, with a filter for what goes to or leaves LISTEN, comes a moment before the
  socket can be found; `syscalls/sys_exit_bind` makes every system call of the guest slower (by half, where it is
  emulated). For kernels without probes, and for many processors: there a probe takes milliseconds to set up.

A UDP socket ceases unseen; see `destroyed` for that.
"""

import logging
import select
import socket

from limavm.guestagent.perf import TRACEPOINT, Event, Wakers, tracefs

log = logging.getLogger(__name__)

#: What a socket passes, and whether it is there when the function begins or only when it returns.
_FUNCTIONS = (
    ("inet_csk_listen_start", True),
    ("inet_csk_listen_stop", False),
    ("inet_bind", True),
    ("inet6_bind", True),
)
_LISTEN = 10
_TRACEPOINTS = (
    ("sock/inet_sock_set_state", f"oldstate=={_LISTEN}||newstate=={_LISTEN}"),
    ("syscalls/sys_exit_bind", ""),
)
_KPROBE = "/sys/bus/event_source/devices/kprobe/type"
_ONLINE = "/sys/devices/system/cpu/online"
#: Of more processors than this tracepoints are tried first.
_MANY = 16
#: How long an event may take to reach us, in seconds; it takes microseconds.
_PROOF = 0.2


class Tracepoints:
    """Events on every processor that is there, behind one descriptor that can be polled (and is closed with us)."""

    def __init__(self) -> None:
        """Nothing is open yet."""
        self._wakers: list[Wakers] = []
        self._cpus = ""
        self._epoll = select.epoll()  # type: ignore[attr-defined,unused-ignore]

    def fileno(self) -> int:
        """Readable when something happened since it was polled last; there is nothing to read."""
        return int(self._epoll.fileno())

    def close(self) -> None:
        """Take all events off and give up the descriptor."""
        self._give_up()
        self._epoll.close()

    def open(self) -> bool:
        """Set the events up, afresh if they were; False, with nothing open, if the kernel does not let us."""
        self._give_up()
        self._cpus = _online()
        cpus = numbers(self._cpus)
        ways = [("probes", _functions), ("tracepoints", _tracepoints)]
        if len(cpus) > _MANY:
            ways.reverse()
        for name, events in ways:
            try:
                self._add(events(), cpus)
                if self._proved():
                    log.info("what listens is told by %s", name)
                    return True
                log.info("no event comes from %s", name)
            except (OSError, ValueError) as error:
                log.info("no %s: %s", name, error)
            self._give_up()
        return False

    def _add(self, events: list[Event], cpus: list[int]) -> None:
        for cpu in cpus:
            waker = Wakers()
            self._wakers.append(waker)
            for event in events:
                waker.add(event, cpu)
            self._epoll.register(waker.fileno(), select.EPOLLIN)  # type: ignore[attr-defined,unused-ignore]

    def outdated(self) -> bool:
        """Whether other processors are there than when the events were set up."""
        return _online() != self._cpus

    def happened(self, timeout: float = 0) -> bool:
        """Whether anything did since this was asked, or the descriptor polled, the last time."""
        return bool(self._epoll.poll(timeout))

    def _proved(self) -> bool:
        """Whether a socket of ours is noticed, from its birth to its end."""
        self.happened()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            bound = self.happened(_PROOF)
            tcp.bind(("127.0.0.1", 0))
            self.happened(_PROOF / 10)
            tcp.listen()
            listened = self.happened(_PROOF)
            self.happened()
        return bound and listened and self.happened(_PROOF)

    def _give_up(self) -> None:
        while self._wakers:
            self._wakers.pop().close()


def _functions() -> list[Event]:
    kind = int(_read(_KPROBE))
    return [Event(kind, config=int(returns), function=name) for name, returns in _FUNCTIONS]


def _tracepoints() -> list[Event]:
    with tracefs() as tracing:
        return [
            Event(TRACEPOINT, config=int(_read(f"{tracing}/events/{name}/id")), condition=condition)
            for name, condition in _TRACEPOINTS
        ]


def numbers(ranges: str) -> list[int]:
    """The processors in a text such as `0-2,5`."""
    found: list[int] = []
    for part in filter(None, ranges.strip().split(",")):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return found


def _online() -> str:
    try:
        return _read(_ONLINE)
    except OSError:
        return ""  # no sysfs: no events either


def _read(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read().strip()
