"""`limactl tunnel`, with an ssh that only tells its arguments."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.cli.tunnel import advice
from limavm.host import pidfile
from tests.unit.cli.harness import Run, limactl_process
from tests.unit.cli.test_remote import make_reachable

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)


@pytest.fixture
def dev(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSH", str(tmp_path / "ssh"))
    return make_reachable(home, "dev", tmp_path / "ssh")


@pytest.fixture
def running(dev: Path) -> Iterator[Path]:
    """It runs, as far as the PID file of its host agent tells."""
    with pidfile.held(str(dev / "ha.pid")):
        yield dev


def test_what_ssh_says_goes_to_standard_error_and_the_advice_to_standard_output(running: Path) -> None:
    done = limactl_process("tunnel", "--socks-port=28271", "dev")

    lines = done.stderr.splitlines()
    assert done.returncode == 0, done.stderr
    assert "experimental" in lines[0]
    assert json.loads(lines[1])[-7:] == ["-f", "-N", "-D", "127.0.0.1:28271", "-p", "60022", "127.0.0.1"]
    assert "ALL_PROXY=socks5h://127.0.0.1:28271\n" in done.stdout
    assert "http://lima-dev" in done.stdout


def test_without_a_port_a_free_one_is_taken(running: Path) -> None:
    done = limactl_process("tunnel", "dev")

    bound = json.loads(done.stderr.splitlines()[1])[-4]
    assert bound.startswith("127.0.0.1:")
    assert bound in done.stdout


def test_a_failure_of_ssh_is_its_exit_code_and_no_advice(running: Path) -> None:
    done = limactl_process("tunnel", "dev", CODE="255")

    assert (done.returncode, done.stdout) == (255, "")


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["dev"], "limactl start dev"),
        (["none"], "limactl create"),
        (["../x"], "name"),
        (["x" * 200], "name"),
        (["--type=vpn", "dev"], "use socks"),
        (["--type=", "dev"], "use socks"),
        (["--socks-port=x", "dev"], "not a number"),
        ([], "exactly 1"),
        (["dev", "--type=socks"], "exactly 1"),
    ],
)
def test_what_is_wrong_is_one_message(limactl: Run, dev: Path, args: list[str], word: str) -> None:
    done = limactl("tunnel", *args)

    assert (done.code, done.out) == (1, "")
    assert word in done.message


def test_a_port_out_of_range_is_an_error(limactl: Run, running: Path) -> None:
    done = limactl("tunnel", "--socks-port=80", "dev")

    assert (done.code, done.out) == (1, "")
    assert "between 1024 and 65535" in done.message


@pytest.mark.parametrize(("platform", "word"), [("darwin", "System Settings"), ("win32", "socks=127.0.0.1")])
def test_other_systems_are_told_where_to_set_it(platform: str, word: str) -> None:
    text = advice(platform, "lima-dev", 1080)

    assert word in text
    assert "port 1080" in text
