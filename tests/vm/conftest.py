"""Real machines, booted by the installed limactl and shared between tests: a boot takes a minute."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import limavm
from limavm.driver.qemu import virtiofsd
from limavm.errors import UserError
from tests.vm import nerdctl
from tests.vm.forwards import Forwards
from tests.vm.guest import Guest, answers
from tests.vm.limactl import BIN, Limactl, wait_for
from tests.vm.mountpoints import Shared, directories

#: The name that the shared machine has.
NAME = "shared"
TEMPLATE = Path(__file__).parent / "machine.yaml"

#: The machine for ports, names, clocks and mounts by ssh.
FORWARDING = "ports"
FORWARDING_TEMPLATE = Path(__file__).parent / "forwarding.yaml"

#: The machine for mounts that the hypervisor serves.
MOUNTS = "mounts"
MOUNTS_TEMPLATE = Path(__file__).parent / "mounts.yaml"

#: What the user of the shared machine wants in every instance: a script that lies beside base.yaml.
BASE = {
    "base.yaml": "# For every instance\nenv:\n  FROM_BASE: a base\nprovision:\n- file: mark.sh  # beside this file\n",
    "mark.sh": "#!/bin/sh\ntouch /run/provision.base\n",
}


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
    """A running machine made from a template on standard input, the user's base.yaml, and flags; its name."""
    (limactl.home / "_config").mkdir(exist_ok=True)  # another machine may have been first
    for name, text in BASE.items():
        (limactl.home / "_config" / name).write_text(text)
    flags = ("--param", "word=hello", "--set", '.env.FROM_FLAG = "a flag"')
    done = limactl.run("start", "--progress", "--name", NAME, *flags, "-", stdin=TEMPLATE.read_text(), timeout=1200)
    assert done.returncode == 0, done.stderr[-6000:]
    (limactl.home / NAME / "first-start.txt").write_text(done.stderr)
    return NAME


@pytest.fixture
def first_start(limactl: Limactl, machine: str) -> str:
    """What the first start of the machine said."""
    return (limactl.home / machine / "first-start.txt").read_text()


@pytest.fixture(scope="session")
def mounted() -> Iterator[Path]:
    """The directories of the host that machines see: for each machine one directory with its name."""
    path = short_directory("lm-")
    path.chmod(0o755)
    for name in (FORWARDING, MOUNTS):
        (path / name).mkdir()
        directories(path / name)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def forwarding(limactl: Limactl, mounted: Path) -> str:
    """A running machine with rules and names of every kind, and mounts; its name."""
    param = f"shared={mounted / FORWARDING}"
    limactl.ok("start", "--tty=false", "--name", FORWARDING, "--param", param, str(FORWARDING_TEMPLATE), timeout=1200)
    return FORWARDING


@pytest.fixture(scope="session")
def by_ssh(limactl: Limactl, forwarding: str, mounted: Path) -> Shared:
    """The mounts of that machine, which are by ssh because its kernel knows no 9p."""
    return Shared(limactl, forwarding, "reverse-sshfs", mounted / forwarding)


@pytest.fixture(scope="session", params=["reverse-sshfs", "9p", "virtiofs"])
def shared(request: pytest.FixtureRequest, limactl: Limactl, mounted: Path) -> Shared:
    """The mounts of a machine, by each type."""
    if request.param == "reverse-sshfs":
        return request.getfixturevalue("by_ssh")  # type: ignore[no-any-return]
    if request.param == "virtiofs" and (reason := no_virtiofs()):
        pytest.skip(reason)
    top = mounted / MOUNTS
    start_with_mounts(limactl, request.param, top)
    return Shared(limactl, MOUNTS, request.param, top)


def no_virtiofs() -> str:
    """Why this host cannot serve virtiofs; empty if it can."""
    if sys.platform == "win32":
        return "virtiofs: not on Windows"
    try:
        virtiofsd.find("/usr/bin/qemu", str(Path.home()), os.getuid())
    except UserError as error:
        return f"virtiofs: {error.message}"
    return ""


def start_with_mounts(limactl: Limactl, kind: str, top: Path) -> None:
    """Start the machine with its mounts of a type, or start it again with them and an archive with containerd."""
    change = f'.mountType = "{kind}"'
    if limactl.run("list", "-q", MOUNTS).stdout.strip():
        limactl.ok("stop", MOUNTS)
        stand_in = limactl.home / MOUNTS / "stand-in.tgz"
        stand_in.write_bytes(nerdctl.packed())
        with_archive = f".containerd.archives[].location = {json.dumps(str(stand_in))}"
        limactl.ok("edit", "--tty=false", "--set", f"{change} | {with_archive}", MOUNTS)
        shutil.rmtree(top)
        top.mkdir()
        directories(top)
        begin(limactl, MOUNTS)
        return
    flags = ("--name", MOUNTS, "--param", f"shared={top}", "--set", change)
    begin(limactl, *flags, str(MOUNTS_TEMPLATE))


def begin(limactl: Limactl, *args: str) -> None:
    """Start the machine with its mounts, and keep what the start says beside those."""
    done = limactl.run("start", "--tty=false", *args, timeout=1200)
    assert done.returncode == 0, done.stderr[-6000:]
    (limactl.home / MOUNTS / "last-start.txt").write_text(done.stderr)


@pytest.fixture(scope="session")
def guest(limactl: Limactl, forwarding: str) -> Iterator[Guest]:
    """A program in that machine that opens ports and looks at its world."""
    program = Guest(limactl, forwarding)
    yield program
    program.end()


_ports = itertools.count(25000)


@pytest.fixture
def forwards(guest: Guest) -> Forwards:
    """One forward of each way, and the condition that it works: hostfwd, ssh, grpc."""
    found = {}
    for way, protocol, ip in (("hostfwd", "tcp", "0.0.0.0"), ("ssh", "tcp", "127.0.0.1"), ("grpc", "udp", "127.0.0.1")):
        port = next(_ports)
        guest.open(protocol, ip, port)
        found[way] = answers(protocol, "127.0.0.1", port)
    for way, condition in found.items():
        wait_for(way, condition, 15)
    return found


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
    copy = short_directory("lc-")
    try:
        if subprocess.run([*user.prefix, "test", "-x", BIN / "limactl"], check=False).returncode != 0:
            user.bin = copied_installation(copy)
        yield user
        user.remove_all()
    finally:
        subprocess.run(["userdel", "--remove", name], check=False, capture_output=True)
        shutil.rmtree(copy)


def copied_installation(directory: Path) -> Path:
    """The installed packages and commands again where every user may read them: a checkout may be private."""
    directory.chmod(0o755)
    packages = directory / "packages"
    shutil.copytree(sysconfig.get_path("purelib"), packages, symlinks=True)
    shutil.copytree(Path(limavm.__file__).parent, packages / "limavm", dirs_exist_ok=True)
    programs = directory / "bin"
    programs.mkdir()
    python = os.path.realpath(sys.executable)
    for name, call in (("limactl", "run"), ("lima", "lima")):
        program = programs / name
        program.write_text(
            f"#!/bin/sh\nPYTHONPATH={packages} exec {python} -P -c 'import limavm.__main__ as m; m.{call}()' \"$@\"\n"
        )
        program.chmod(0o755)
    subprocess.run(["chmod", "-R", "a+rX", directory], check=True)
    return programs
