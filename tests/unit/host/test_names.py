import socket
import threading

from limavm.host.names import loopback_names

ADDRESSES = {"here.test": "127.0.0.1", "six.test": "::1", "there.test": "10.0.0.1", "zone.test": "fe80::1%eth0"}


def ask(name: str, *rest: object) -> list[tuple[object, ...]]:
    if name not in ADDRESSES:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")
    return [(0, 0, 0, "", (ADDRESSES[name], 0))]


def test_names_on_the_loopback_are_found() -> None:
    assert loopback_names([*ADDRESSES, "unknown.test"], ask=ask) == {"here.test", "six.test"}


def test_a_resolver_that_hangs_says_no() -> None:
    released = threading.Event()

    def hangs(name: str, *rest: object) -> list[tuple[object, ...]]:
        if name.startswith("slow"):
            released.wait(20)
        return ask(name, *rest)

    found = loopback_names(["slow.test", "here.test"], patience=0.2, ask=hangs)
    released.set()

    assert found == {"here.test"}


def test_the_system_is_asked() -> None:
    assert loopback_names(["localhost"]) == {"localhost"}
    assert loopback_names([]) == frozenset()
