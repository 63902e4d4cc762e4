"""`limactl clone` and `limactl rename`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.host import pidfile
from limavm.store import instances
from tests.unit.cli.harness import YAML, Run, Terminal, make_instance

COMMANDS = pytest.mark.parametrize("command", ["clone", "rename"])


@pytest.fixture
def dev(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of an instance; the current directory is another."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return make_instance(home, "dev", "# mine\n" + YAML)


def test_a_clone_is_listed_beside_its_original(limactl: Run, dev: Path) -> None:
    done = limactl("clone", "--tty=false", "dev", "twin")

    assert (done.code, done.out) == (0, "")
    assert "Cloned" in done.message
    assert limactl("list", "-q").out == "dev\ntwin\n"
    assert limactl("list", "--format={{.Status}} {{.Hostname}} {{.SSHLocalPort}}", "twin").out == (
        "Stopped lima-twin 0\n"
    )


def test_a_renamed_instance_is_listed_by_its_new_name(limactl: Run, dev: Path) -> None:
    done = limactl("rename", "--tty=false", "dev", "web")

    assert (done.code, done.out) == (0, "")
    assert limactl("list", "-q").out == "web\n"


def test_flags_change_the_clone_only_and_nothing_else_of_it(limactl: Run, home: Path, dev: Path) -> None:
    done = limactl("clone", "--tty=false", "--cpus=4", "--set", '.env.A = "b"', "dev", "twin")

    assert done.code == 0
    changed = "# mine\n" + YAML.replace("cpus: 2", "cpus: 4") + "env:\n  A: b\n"
    assert (home / "twin" / "lima.yaml").read_text() == changed
    assert (dev / "lima.yaml").read_text() == "# mine\n" + YAML


def test_a_clone_has_ports_and_addresses_of_its_own(limactl: Run, home: Path, dev: Path) -> None:
    text = YAML + "ssh: {localPort: 60922}\n"
    (dev / "lima.yaml").write_text(text)

    done = limactl("clone", "--tty=false", "dev", "twin")

    assert done.code == 0
    assert "the port 60922 of ssh stays with the original" in done.err
    assert (home / "twin" / "lima.yaml").read_text() == text.replace("60922", "0")
    assert limactl("clone", "--tty=false", "--ssh-port=60923", "dev", "third").code == 0
    assert (home / "third" / "lima.yaml").read_text() == text.replace("60922", "60923")
    assert limactl("rename", "--tty=false", "dev", "web").code == 0
    assert (home / "web" / "lima.yaml").read_text() == text


def test_flags_change_what_is_renamed(limactl: Run, home: Path, dev: Path) -> None:
    assert limactl("rename", "--tty=false", "dev", "web", "--memory=2").code == 0

    assert "memory: 2GiB" in (home / "web" / "lima.yaml").read_text()


@COMMANDS
@pytest.mark.parametrize(
    ("flags", "problem", "kept"),
    [
        (["--vm-type=frob"], "frob", True),
        (["--disk=5"], "cannot shrink", True),
        (["--set", ".cpus = []"], "cpus", True),
        (["--set", ".cpus ="], "--set", False),
        (["--param", "a=b"], "--param", False),
        (["--plain"], "--plain", False),
    ],
)
def test_a_flag_that_will_not_do_leaves_no_new_instance(
    limactl: Run, dev: Path, tmp_path: Path, command: str, flags: list[str], problem: str, kept: bool
) -> None:
    done = limactl(command, "--tty=false", *flags, "dev", "twin")

    assert done.code == 1
    assert problem in done.message
    assert (tmp_path / "here" / "lima.REJECTED.yaml").exists() == kept
    assert instances.names() == ["dev"]
    assert (dev / "lima.yaml").read_text() == "# mine\n" + YAML


@COMMANDS
def test_a_param_of_default_yaml_can_be_set(limactl: Run, home: Path, dev: Path, command: str) -> None:
    (home / "_config").mkdir()
    (home / "_config" / "default.yaml").write_text("param: {word: none}\n")
    (dev / "lima.yaml").write_text(YAML + "provision: [{script: 'echo $PARAM_word'}]\n")

    assert limactl(command, "--tty=false", "--param", "word=said", "dev", "twin").code == 0

    assert "word: said" in (home / "twin" / "lima.yaml").read_text()


@COMMANDS
def test_a_running_instance_is_refused(limactl: Run, dev: Path, command: str) -> None:
    with pidfile.held(str(dev / "ha.pid")):
        done = limactl(command, "--tty=false", "dev", "twin")

    assert done.code == 1
    assert "is running" in done.message
    assert "limactl stop dev" in done.message


@COMMANDS
@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["dev"], "exactly 2 arguments, and got 1"),
        (["dev", "a", "b"], "exactly 2 arguments, and got 3"),
        (["dev", "dev"], "its own name"),
        (["nope", "twin"], "there is no instance 'nope'"),
        (["dev", "_twin"], "not made of letters"),
        (["../dev", "twin"], "not made of letters"),
    ],
)
def test_names_that_will_not_do_are_told(limactl: Run, dev: Path, command: str, args: list[str], problem: str) -> None:
    done = limactl(command, "--tty=false", *args)

    assert done.code == 1
    assert problem in done.message
    assert instances.names() == ["dev"]


def test_a_port_that_both_want_is_warned_about(limactl: Run, home: Path, dev: Path) -> None:
    (home / "_config").mkdir(exist_ok=True)
    (home / "_config" / "override.yaml").write_text("ssh: {localPort: 2222}\n")

    done = limactl("clone", "--tty=false", "dev", "twin")

    assert done.code == 0
    assert "level=warning" in done.err
    assert "--ssh-port=0 twin" in done.err
    (home / "_config" / "override.yaml").unlink()
    assert "2222" not in limactl("clone", "--tty=false", "dev", "third").err


@COMMANDS
def test_yes_is_deprecated(limactl: Run, dev: Path, command: str) -> None:
    done = limactl(command, "--yes", "dev", "twin")

    assert done.code == 0
    assert "--yes is deprecated here" in done.err


@pytest.fixture
def terminal(dev: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """The command on a terminal."""
    found = Terminal([sys.executable, "-P", "-m", "limavm", request.param, "dev", "twin"])
    yield found
    found.close()


@pytest.mark.parametrize("terminal", ["clone", "rename"], indirect=True)
def test_on_a_terminal_it_is_asked_whether_to_start(terminal: Terminal) -> None:
    terminal.expect("Start the instance 'twin' now? (Y/n)")
    terminal.type("n\r")

    assert terminal.ended() == 0
    assert "twin" in instances.names()


@pytest.mark.parametrize("command", ["clone", "rename"])
def test_the_first_word_is_completed_to_an_instance(limactl: Run, dev: Path, command: str) -> None:
    assert limactl("__complete", command, "").out == "dev\n:4\n"
    assert limactl("__complete", command, "dev", "").out == ":4\n"
    assert "--start\t" in limactl("__complete", command, "--st").out
