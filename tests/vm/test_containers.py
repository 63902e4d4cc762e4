"""Container engines of a guest, used from the host: docker of root and podman of the user, by their templates."""

import itertools
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.model.arch import Arch
from tests.vm.engine import Engine, archive
from tests.vm.limactl import Limactl, wait_for

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm

NAME = "engines"
TEMPLATE = Path(__file__).parent / "containers.yaml"
IMAGE = "localhost/scratch:latest"
CONTAINERFILE = b"FROM scratch\nCOPY busybox /bin/busybox\nCOPY index.html /www/\n"
PAGE = b"from a container\n"

_ports = itertools.count(18080)


@pytest.fixture(scope="module")
def engines(limactl: Limactl) -> Iterator[dict[str, Engine]]:
    """Both engines of one machine, each with an image that was made from nothing."""
    limactl.ok("start", "--tty=false", "--name", NAME, str(TEMPLATE), timeout=1200)
    sockets = limactl.home / NAME / "sock"
    found = {name: Engine(sockets / f"{name}.sock") for name in ("docker", "podman")}
    busybox = limactl.home / NAME / "busybox"
    limactl.ok("copy", f"{NAME}:/bin/busybox", str(busybox))
    program = busybox.read_bytes()
    architecture = Arch(limactl.instance(NAME)["arch"]).debian_name
    found["docker"].build(IMAGE, {"Containerfile": CONTAINERFILE, "busybox": program, "index.html": PAGE})
    found["podman"].load(IMAGE, archive({"bin/busybox": program, "www/index.html": PAGE}), architecture)
    yield found
    limactl.ok("stop", NAME)
    limactl.ok("delete", NAME)


@pytest.fixture(params=["docker", "podman"])
def engine(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Engine:
    return engines[request.param]


@pytest.fixture
def server(engine: Engine) -> Iterator[tuple[str, int]]:
    """A container that serves a page on a port of the guest that it publishes; its ID, and the port."""
    port = next(_ports)
    container = engine.create(IMAGE, "/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/www", ports={80: port})
    engine.start(container)
    yield container, port
    engine.kill(container)  # removal would give it ten seconds first: it is process 1, which no TERM ends by itself
    engine.remove(container)


def test_a_container_hears_our_end_and_its_answer_and_exit_code_come_back(engine: Engine) -> None:
    script = "wc -c; exit 3"

    assert engine.run(IMAGE, b"abc\n" * 50_000, "/bin/busybox", "sh", "-c", script) == (3, b"200000\n")


def test_a_port_that_is_published_and_a_command_in_the_container_are_reached(
    engine: Engine, server: tuple[str, int]
) -> None:
    container, port = server

    assert engine.executed(container, b"word\n", "/bin/busybox", "sed", "s/^/got /") == b"got word\n"
    wait_for("the page", lambda: page(port) == PAGE)


def page(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
        content: bytes = answer.read()
    return content


def test_a_socket_that_vanishes_in_the_guest_is_used_again_when_it_is_back(
    limactl: Limactl, engines: dict[str, Engine]
) -> None:
    units = ("systemctl", "--user", "stop", "podman.socket", "podman.service")
    limactl.ok("shell", NAME, *units)
    with pytest.raises(ConnectionError):
        engines["podman"].answers()

    limactl.ok("shell", NAME, "systemctl", "--user", "start", "podman.socket")
    wait_for("podman", engines["podman"].answers)


def test_without_a_client_on_the_host_that_of_the_guest_is_used(limactl: Limactl, engines: dict[str, Engine]) -> None:
    wrapper = Limactl(limactl.home, env={"LIMA_INSTANCE": NAME, "PODMAN": "there-is-none"})
    script = 'read -r word; echo "$1 $word"; exit 4'
    command = ("run", "-i", "--rm", IMAGE, "/bin/busybox", "sh", "-c", script, "sh", "two words")

    done = wrapper.run(*command, program="podman.lima", stdin="heard\n")

    assert (done.returncode, done.stdout) == (4, "two words heard\n"), done.stderr
