"""What names of hosts mean to this host."""

import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

#: Seconds after which a resolver that does not answer has said no.
PATIENCE = 3.0


def loopback_names(
    names: Iterable[str], *, patience: float = PATIENCE, ask: Callable[..., Sequence[Any]] = socket.getaddrinfo
) -> frozenset[str]:
    """Those of the names that have an address on the loopback, asked for all at once."""
    wanted = set(names)
    answers: queue.SimpleQueue[tuple[str, bool]] = queue.SimpleQueue()
    for name in wanted:
        # A daemon: nobody can stop a resolver that hangs, and the program may end before it does.
        threading.Thread(target=lambda n=name: answers.put((n, _is_loopback(n, ask))), daemon=True).start()
    deadline = time.monotonic() + patience
    found = set()
    for _ in wanted:
        try:
            name, is_loopback = answers.get(timeout=max(deadline - time.monotonic(), 0.0))
        except queue.Empty:
            break
        if is_loopback:
            found.add(name)
    return frozenset(found)


def _is_loopback(name: str, ask: Callable[..., Sequence[Any]]) -> bool:
    try:
        found = ask(name, None, 0, socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # the latter: a label that IDNA has no form for
        return False
    return any(ipaddress.ip_address(entry[4][0].partition("%")[0]).is_loopback for entry in found)
