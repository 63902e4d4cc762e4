"""Real machines, booted by the installed limactl and shared between tests: a boot takes a minute."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.limactl import Limactl

#: The name that the shared machine has.
NAME = "shared"
TEMPLATE = Path(__file__).parent / "machine.yaml"


def short_directory(prefix: str) -> Path:
    """A directory whose path leaves room for socket names, which pytest's own does not always."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))


@pytest.fixture(scope="session")
def limactl() -> Iterator[Limactl]:
    """limactl as the user who runs the tests, with an empty LIMA_HOME and the user's own image cache."""
    home = short_directory("lv-")
    user = Limactl(home)
    yield user
    user.remove_all()
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def machine(limactl: Limactl) -> str:
    """A running machine made from a template on standard input; its name."""
    done = limactl.run("start", "--progress", "--name", NAME, "-", stdin=TEMPLATE.read_text(), timeout=1200)
    assert done.returncode == 0, done.stderr[-6000:]
    (limactl.home / NAME / "first-start.txt").write_text(done.stderr)
    return NAME


@pytest.fixture
def first_start(limactl: Limactl, machine: str) -> str:
    """What the first start of the machine said."""
    return (limactl.home / machine / "first-start.txt").read_text()


@pytest.fixture(scope="session")
def plain_user() -> Iterator[Limactl]:
    """limactl as an ordinary user: ourselves, or when we are root a user made for the tests."""
    if sys.platform == "win32" or os.getuid() != 0:
        home = short_directory("lu-")
        yield Limactl(home)
        Limactl(home).remove_all()
        shutil.rmtree(home)
        return
    name = f"limatest{os.getpid()}"
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", name], check=True)
    home = Path(f"/home/{name}")
    user = Limactl(
        home / ".lima",
        env={"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "USER": name},
        prefix=("setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups"),
    )
    try:
        yield user
        user.remove_all()
    finally:
        subprocess.run(["userdel", "--remove", name], check=False, capture_output=True)
