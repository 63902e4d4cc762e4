"""Real machines, booted by the installed limactl and shared between tests: a boot takes a minute."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.limactl import Limactl

#: The name that the shared machine has.
NAME = "shared"


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
    """A running machine made from the default template; its name."""
    limactl.ok("start", "--tty=false", "--name", NAME, "--cpus", "2", "--memory", "1", "template:default", timeout=1200)
    return NAME


@pytest.fixture(scope="session")
def plain_user() -> Iterator[Limactl]:
    """limactl as an ordinary user: ourselves, or when we are root a user made for the tests."""
    if os.getuid() != 0:
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
