"""The modules that the frequent commands may load: start-up time is a figure that users feel."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.host import pidfile
from tests.unit.cli.harness import make_identity, make_instance, python

HEAVY = {
    *("asyncio", "ssl", "logging", "subprocess", "dataclasses", "pathlib", "shutil", "rich", "tempfile"),
    *("click", "yaml", "ruamel", "http.client", "urllib.request", "gettext", "inspect"),
}

#: Runs limactl and writes what was loaded; `execvp`, by which shell becomes ssh, ends it.
CODE = """
import json, os, sys
def leave(*args):
    with open(path, "w") as file:
        json.dump(sorted(set(sys.modules) - before), file)
    os._exit(0)
os.execvp = leave
path, module, *words = sys.argv[1:]
before = set(sys.modules) - {"inspect"}
main = getattr(__import__("limavm.cli." + module), "cli").__dict__[module].main
main(words)
leave()
"""


def loaded_by(tmp_path: Path, *args: str, module: str = "main") -> set[str]:
    """The modules that a command loads."""
    listing = tmp_path / "modules.json"
    done = python(CODE, str(listing), module, *args)
    assert listing.exists(), done.stderr
    return set(json.loads(listing.read_text()))


@pytest.fixture
def running(home: Path) -> Iterator[Path]:
    """An instance with a host agent, as far as its PID file tells."""
    directory = make_instance(home, "default")
    (directory / "ssh.config").write_text("Host lima-default\n  Port 60022\n")
    make_identity(home)
    os.utime(directory / "lima.yaml", (1, 1))
    with pidfile.held(str(directory / "ha.pid")):
        yield directory


@pytest.mark.parametrize(
    "args",
    [
        ["--version"],
        ["list"],
        ["ls", "-q"],
        ["list", "--json"],
        ["list", "default"],
        ["shell", "default"],
        ["shell", "default", "uname", "-a"],
    ],
    ids=" ".join,
)
def test_frequent_commands_load_nothing_heavy(running: Path, tmp_path: Path, args: list[str]) -> None:
    loaded_by(tmp_path, *args)  # the first command fills the caches

    assert sorted(loaded_by(tmp_path, *args) & HEAVY) == []


def test_yq_loads_the_reader_of_yaml_and_nothing_else_that_is_heavy(tmp_path: Path) -> None:
    assert loaded_by(tmp_path, "yq", "-n", ".a = 1") & HEAVY == {"yaml"}


@pytest.mark.parametrize("args", [[], ["uname", "-a"]])
def test_the_wrapper_lima_loads_nothing_heavy(running: Path, tmp_path: Path, args: list[str]) -> None:
    loaded_by(tmp_path, *args, module="lima")

    assert sorted(loaded_by(tmp_path, *args, module="lima") & HEAVY) == []


#: What only running machines, the network and a whole command line need.
RUNNING = {"asyncio", "ssl", "http.client", "urllib.request", "click", "rich", "ruamel", "dataclasses", "tempfile"}


@pytest.mark.parametrize("locator", ["template:default", "x.yaml"])
def test_checking_a_template_loads_neither_the_network_nor_a_hypervisor(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locator: str
) -> None:
    (tmp_path / "x.yaml").write_text("images: [{location: /x}]\n")
    monkeypatch.chdir(tmp_path)

    loaded = loaded_by(tmp_path, "validate", locator)

    assert "limavm.config.embed" in loaded
    assert sorted(loaded & RUNNING) == []
