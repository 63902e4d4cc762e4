"""Looking up names as the host does: a resolver that hangs hurts nobody else."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from limavm.hostagent.names.hostlookup import BusyError, HostLookup, SystemLookup, parse_hosts


class Host:
    """A resolver that hangs for names that begin with `slow`, until it is let go."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.asked: list[str] = []

    def __call__(self, name: str, v6: bool) -> Sequence[str]:
        self.asked.append(name)
        match name.partition(".")[0]:
            case "slow":
                self.released.wait(30)
            case "fails":
                raise socket.gaierror(socket.EAI_AGAIN, "try again")
            case "idna":
                name.encode("idna")
                raise UnicodeError("label too long")
            case "bug":
                raise ZeroDivisionError
            case "unknown":
                return ()
            case _:
                pass
        return ("::1",) if v6 else ("10.0.0.1",)


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.released.set()


async def ask(lookup: HostLookup, name: str, *, v6: bool = False, patience: float = 5) -> Sequence[str]:
    return await lookup.addresses(name, v6=v6, patience=patience)


async def test_addresses_come_from_a_thread(host: Host) -> None:
    lookup = HostLookup(host)

    assert await ask(lookup, "a.example") == ("10.0.0.1",)
    assert await ask(lookup, "a.example", v6=True) == ("::1",)
    assert await ask(lookup, "unknown.example") == ()


@pytest.mark.parametrize("name", ["fails", "idna", "bug"])
async def test_a_resolver_that_fails_says_so_and_goes_on(host: Host, name: str) -> None:
    lookup = HostLookup(host, threads=1)

    with pytest.raises(OSError, match=r".*"):
        await ask(lookup, name)
    assert await ask(lookup, "a.example") == ("10.0.0.1",)


async def test_a_name_that_hangs_does_not_hold_up_others(host: Host) -> None:
    lookup = HostLookup(host, threads=2)

    async with asyncio.TaskGroup() as tasks:
        slow = tasks.create_task(ask(lookup, "slow"))
        answers = [await ask(lookup, f"n{index}") for index in range(20)]
        host.released.set()

    assert answers == [("10.0.0.1",)] * 20
    assert slow.result() == ("10.0.0.1",)


async def test_when_every_thread_hangs_nobody_waits_for_ever_and_nothing_piles_up(host: Host) -> None:
    lookup = HostLookup(host, threads=2, waiting=3)
    before = threading.active_count()

    async with asyncio.TaskGroup() as tasks:
        slow = [tasks.create_task(ask(lookup, f"slow.{index}")) for index in range(2)]
        await asyncio.sleep(0)
        for _ in range(10):
            with pytest.raises(BusyError):
                await ask(lookup, "other", patience=0.01)
        threads = threading.active_count()
        host.released.set()

    assert threads - before <= 2
    assert [task.result() for task in slow] == [("10.0.0.1",)] * 2
    assert "other" not in host.asked, "nobody waits for it any more"
    # The threads may not have come to what nobody waits for.
    while lookup._jobs.qsize():
        await asyncio.sleep(0)
    assert await ask(lookup, "other") == ("10.0.0.1",)


async def test_an_answer_that_nobody_waits_for_is_dropped(host: Host) -> None:
    lookup = HostLookup(host, threads=1)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await ask(lookup, "slow")
    host.released.set()

    assert await ask(lookup, "next") == ("10.0.0.1",)


HOSTS = """
127.0.0.1 localhost
10.0.0.1\tApp.Example app # the first
10.0.0.2 app.example
2001:db8::1 app.example.
fe80::1%eth0 link.example
nonsense names here
10.0.0.3
"""


def test_the_hosts_file_is_read_as_the_c_library_does() -> None:
    assert parse_hosts(HOSTS) == {
        "localhost": "127.0.0.1",
        "app.example": "10.0.0.1 10.0.0.2 2001:db8::1",
        "app": "10.0.0.1",
    }


def test_names_of_the_hosts_file_need_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text(HOSTS)
    lookup = SystemLookup(str(tmp_path / "hosts"))

    assert lookup("app.example", False) == ["10.0.0.1", "10.0.0.2"]
    assert lookup("app.example", True) == ["2001:db8::1"]


def test_the_system_is_asked_for_the_rest() -> None:
    asked = []

    def ask(name: str, port: None, family: int, kind: int) -> list[tuple[object, ...]]:
        asked.append((name, family))
        return [(0, 0, 0, "", (address, 0)) for address in ("10.0.0.1", "10.0.0.2", "10.0.0.1", "fe80::1%eth0")]

    lookup = SystemLookup("/nonexistent", ask)

    # The dot keeps the host's search domains out. What is link-local on the host, the guest cannot reach.
    assert lookup("www.example", False) == ["10.0.0.1", "10.0.0.2"]
    assert asked == [("www.example.", socket.AF_INET)]


def test_what_the_system_does_not_know_is_no_error_but_a_failure_is() -> None:
    def ask(name: str, *rest: object) -> list[tuple[object, ...]]:
        raise socket.gaierror(socket.EAI_AGAIN if name == "later." else socket.EAI_NONAME, "no")

    lookup = SystemLookup("/nonexistent", ask)

    assert lookup("www.example", False) == ()
    with pytest.raises(OSError, match="no"):
        lookup("later", False)
