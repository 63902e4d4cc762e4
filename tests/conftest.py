"""What all tests share: golden files, and a guard that keeps unit tests on this machine and quick."""

import ipaddress
import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from limavm.cli import logbridge

# A deadline for one example fails on a busy machine, and says nothing about the code.
hypothesis.settings.register_profile("limavm", deadline=None)
hypothesis.settings.load_profile("limavm")

# What a shell starts in the background ignores Ctrl-C, and so would every program that the tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

GOLDEN = Path(__file__).parent / "golden"

#: Programs that boot a machine; a fake of them lives in a temporary directory.
HYPERVISORS = ("qemu-system-", "qemu-kvm", "vfkit", "krunkit")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden from what the code does now")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Where tests run side by side, the temporary directories of each process have a short name.

    pytest-xdist gives them one that is too long for sockets.
    """
    if hasattr(config, "workerinput"):
        parent, _, name = config.option.basetemp.rpartition("/popen-gw")
        config.option.basetemp = f"{parent}/{name}"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the file of that name in tests/golden, or rewrite the file (--update-golden)."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{path} differs; look at it, then run with --update-golden"

    return check


class Guard:
    """Forbids what a unit test must not do, by audit events of the interpreter (PEP 578)."""

    def __init__(self) -> None:
        self.armed = False

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.armed and (reason := forbidden(event, arguments)):
            pytest.fail(f"a unit test must not {reason}")


def forbidden(event: str, arguments: tuple[object, ...]) -> str | None:
    """What is wrong with an audited action, None when it is allowed."""
    match event:
        case "socket.connect" | "socket.sendto":
            address = arguments[1]
            if isinstance(address, tuple) and not _is_loopback(address[0]):
                return f"reach the network ({address[0]})"
        case "socket.getaddrinfo":
            if not _is_loopback(arguments[0]):
                return f"look up a name ({arguments[0]!r})"
        case "subprocess.Popen":
            program = os.fsdecode(_first(arguments[0]) or _first(arguments[1]))
            program = shutil.which(program) or program
            name, directory = os.path.basename(program), os.path.dirname(os.path.realpath(program))
            asks = {"--version", "help"} & set(map(str, arguments[1])) if isinstance(arguments[1], list) else set()
            if name.startswith(HYPERVISORS) and directory.startswith(("/usr/", "/bin", "/opt/")) and not asks:
                return f"start a hypervisor ({program})"
        case _:
            pass
    return None


def _first(value: object) -> str | bytes:
    if isinstance(value, list | tuple):
        value = value[0]
    return value if isinstance(value, str | bytes) else str(value or "")


def _is_loopback(host: object) -> bool:
    text = os.fsdecode(host) if isinstance(host, str | bytes) else ""
    if text in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


# An audit hook cannot be removed, so there is one, which is told when it counts.
_guard = Guard()
sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def no_machine_and_no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Unit tests start no hypervisor and reach nothing beyond the loopback; tests marked `vm` may."""
    _guard.armed = request.node.get_closest_marker("vm") is None
    yield
    _guard.armed = False


@pytest.fixture(autouse=True)
def no_bridge_stays() -> Iterator[None]:
    """Undo what a command in this process has done to `logging`: later tests look at what is logged."""
    yield
    logger = logging.getLogger("limavm")
    for handler in logbridge._INSTALLED:
        logger.removeHandler(handler)
    logbridge._INSTALLED.clear()
    logger.setLevel(logging.NOTSET)
    logger.propagate = True
