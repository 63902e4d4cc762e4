"""An instance under another name is the same instance, and nothing in it says the old name."""

import errno
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.errors import BusyError, NotFoundError, UserError
from limavm.host import pidfile
from limavm.instance.another import original_for
from limavm.instance.create import create
from limavm.instance.inspect import inspect
from limavm.instance.rename import rename
from limavm.store import instances
from tests.fakes.changes import forked
from tests.fakes.report import KeptReport
from tests.unit.instance.conftest import YAML


def renamed(name: str, new: str, text: bytes | None = None) -> list[str]:
    """Rename an instance; returns what was reported."""
    report = KeptReport()
    with original_for(new, of=name, done="renamed") as original:
        rename(original, new, text or original.text, report=report)
    return report.lines


@pytest.fixture
def used(dev: Path) -> Path:
    """The directory of an instance that has run."""
    for name in ("basedisk", "diffdisk", "ha.stderr.log", "ssh.config", "machine.json", "cidata.iso", "ga.sock"):
        (dev / name).write_text(f"{name} of dev")
    (dev / "disk").symlink_to(dev / "diffdisk")
    (dev / "cidata").mkdir()
    (dev / "cidata" / "meta-data").write_text("local-hostname: lima-dev\n")
    (dev / "swtpm").mkdir()
    (dev / "swtpm" / "state").write_text("secret")
    (dev / "protected").write_text("")
    return dev


def test_the_machine_is_the_same_and_no_longer_has_the_old_name(used: Path, home: Path) -> None:
    disk = (used / "diffdisk").stat().st_ino

    lines = renamed("dev", "web")

    web = home / "web"
    assert instances.names() == ["web"]
    assert sorted(path.name for path in web.iterdir() if path.name != ".config-cache.json") == [
        *("basedisk", "cloud-config.yaml", "diffdisk", "disk", "ha.stderr.log"),
        *("lima-version", "lima.yaml", "protected", "swtpm"),
    ]
    assert (web / "disk").stat().st_ino == disk
    assert (web / "swtpm" / "state").read_text() == "secret"
    assert (web / "lima.yaml").read_bytes() == YAML
    assert lines == [f"info: Renamed 'dev' to 'web' ({web})"]
    found = inspect("web")
    assert (found.hostname, found.protected, found.errors) == ("lima-web", True, ())
    assert found.message.startswith("hello from web")


def test_the_text_is_the_one_given(used: Path) -> None:
    renamed("dev", "web", YAML.replace(b"cpus: 3", b"cpus: 1"))

    assert inspect("web").cpus == 1


def test_a_text_that_will_not_do_changes_nothing(used: Path) -> None:
    before = sorted(os.listdir(used))

    with pytest.raises(UserError, match="cpus"):
        renamed("dev", "web", YAML.replace(b"cpus: 3", b"cpus: many"))

    assert instances.names() == ["dev"]
    assert sorted(os.listdir(used)) == before
    assert (used / "lima.yaml").read_bytes() == YAML


def test_a_name_that_somebody_takes_meanwhile_leaves_the_old_text(used: Path, home: Path) -> None:
    reference = (used / "cloud-config.yaml").read_bytes()
    with original_for("web", of="dev", done="renamed") as original:
        create("web", YAML, report=KeptReport())
        with pytest.raises(UserError, match="exists already"):
            rename(original, "web", YAML.replace(b"cpus: 3", b"cpus: 1"), report=KeptReport())

    assert instances.names() == ["dev", "web"]
    assert (used / "lima.yaml").read_bytes() == YAML
    assert (used / "cloud-config.yaml").read_bytes() == reference
    assert (used / "cloud-config.yaml").stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize(("new", "problem"), [("dev", "its own name"), ("taken", "exists already"), ("a b", "letters")])
def test_a_name_that_will_not_do_is_refused(new: str, problem: str, dev: Path) -> None:
    create("taken", YAML, report=KeptReport())

    with pytest.raises(UserError, match=problem):
        renamed("dev", new)

    assert instances.names() == ["dev", "taken"]


def test_a_missing_instance_is_told(home: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no instance 'nope'"):
        renamed("nope", "web")


def test_a_running_instance_is_refused(dev: Path) -> None:
    with pidfile.held(str(dev / "ha.pid")), pytest.raises(UserError, match="is running, and is not renamed"):
        renamed("dev", "web")


def test_only_one_command_at_a_time_is_at_work(dev: Path) -> None:
    with instances.exclusive("dev"), pytest.raises(BusyError, match="another limactl command is at work on"):
        renamed("dev", "web")
    with instances.created("web"), pytest.raises(BusyError, match="another limactl command is making 'web'"):
        renamed("dev", "web")


CHILD = """
from limavm.instance.another import original_for
from limavm.instance.rename import rename
from tests.fakes.report import KeptReport
with original_for("web", of="dev", done="renamed") as original:
    print("held", flush=True)
    rename(original, "web", original.text.replace(b"cpus: 3", b"cpus: 1"), report=KeptReport())
"""

if sys.platform != "win32":

    def test_a_change_that_is_refused_leaves_all_as_it_was_or_as_it_should_be(used: Path, home: Path) -> None:
        text = YAML.replace(b"cpus: 3", b"cpus: 1")
        kept = ("lima.yaml", "cloud-config.yaml", "diffdisk")
        former = {name: (used / name).read_bytes() for name in kept}
        saved = home.parent / "saved"
        shutil.copytree(home, saved, symlinks=True)
        stayed = 0
        for number in itertools.count(1):
            done = renamed_in_spite_of(number, text)
            if done is None:
                break
            if instances.names() == ["dev"]:
                assert not done
                assert {name: (used / name).read_bytes() for name in kept} == former, number
                stayed += 1
            else:
                assert instances.names() == ["web"]
                assert (home / "web" / "lima.yaml").read_bytes() == text
            shutil.rmtree(home)
            shutil.copytree(saved, home, symlinks=True)
        assert stayed > 5

    def renamed_in_spite_of(number: int, text: bytes) -> bool | None:
        """Whether a command succeeds of which one change is refused; None when it has no change of that number."""
        heard, said = os.pipe()

        def refuse(at: int) -> None:
            if at == number:
                os.write(said, b"!")
                raise OSError(errno.EIO, os.strerror(errno.EIO))

        child = forked(lambda: renamed("dev", "web", text), refuse)
        os.close(said)
        with open(heard, "rb") as file:
            was_reached = bool(file.read())
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return status == 0 if was_reached else None

    @pytest.mark.parametrize("seed", range(6))
    def test_a_kill_at_a_random_instant_leaves_one_whole_instance(seed: int, used: Path, home: Path) -> None:
        with subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE) as running:
            assert running.stdout
            assert running.stdout.readline() == b"held\n"
            try:
                running.wait(random.Random(seed).uniform(0.0, 0.04))
            except subprocess.TimeoutExpired:
                running.send_signal(signal.SIGKILL)

        (name,) = instances.names()
        found = inspect(name)
        assert found.errors == ()
        assert found.cpus == (1 if name == "web" else found.cpus)
        assert (home / name / "disk").read_text() == "diffdisk of dev"
        if name == "dev":
            renamed("dev", "web")
        assert [path.name for path in home.iterdir() if path.name != "_config"] == ["web"]
