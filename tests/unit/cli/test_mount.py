"""`limactl mount` and `umount`, on an agent that keeps the books."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from limavm.host import pidfile
from limavm.model.config import Mount
from limavm.model.mount import MountPhase, MountState
from tests.fakes.mountagent import MountAgent, mount_agent
from tests.unit.cli.harness import YAML, Run, make_instance

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)

HOME = MountState(location="/home/ann", mount_point="/home/ann", writable=False, type="9p", phase=MountPhase.MOUNTED)
LOST = MountState(
    location="/srv", mount_point="/mnt/srv", writable=True, type="reverse-sshfs", phase=MountPhase.LOST, reason="ssh"
)
EVIL = MountState(location="/\x1b]0;x\x07", mount_point="/e", writable=False, type="9p", reason="\x9b2J\n")


@pytest.fixture
def dev(home: Path) -> Path:
    return make_instance(home, "dev", f"# mine\n{YAML}\n")


@pytest.fixture
def agent(dev: Path) -> Iterator[MountAgent]:
    with mount_agent(dev, [HOME, LOST]) as running:
        yield running


def configured(dev: Path) -> object:
    return yaml.safe_load((dev / "lima.yaml").read_text()).get("mounts")


def test_mounts_are_a_table(limactl: Run, agent: MountAgent) -> None:
    done = limactl("mount", "dev")

    assert done.code == 0
    assert [line.split() for line in done.out.splitlines()] == [
        ["MODE", "GUEST", "HOST", "TYPE", "STATE", "REASON"],
        ["ro", "/home/ann", "/home/ann", "9p", "mounted"],
        ["rw", "/mnt/srv", "/srv", "reverse-sshfs", "lost", "ssh"],
    ]


def test_as_json_they_are_an_object_a_line(limactl: Run, agent: MountAgent) -> None:
    lines = limactl("mount", "dev", "--json").out.splitlines()

    assert [json.loads(line)["mountPoint"] for line in lines] == ["/home/ann", "/mnt/srv"]


def test_the_instance_may_be_left_out(limactl: Run, home: Path) -> None:
    with mount_agent(make_instance(home, "default"), [HOME]):
        assert "/home/ann" in limactl("mount").out


def test_names_of_files_do_not_drive_the_terminal(limactl: Run, agent: MountAgent) -> None:
    agent.change(EVIL)

    for flags in ([], ["--json"]):
        out = limactl("mount", "dev", *flags).out
        assert out.replace("\n", "").isprintable()
        assert len(out.splitlines()) == (1 if flags else 2)


def test_a_directory_is_mounted_until_the_instance_stops(limactl: Run, agent: MountAgent, dev: Path) -> None:
    done = limactl("mount", "dev", "/tmp:/mnt/tmp:w")

    assert done.code == 0
    assert "/tmp is at /mnt/tmp of instance 'dev' now (reverse-sshfs, writable)" in done.err
    assert "--save" in done.err
    assert "added since the start" in limactl("mount", "dev").out
    assert configured(dev) == []


def test_a_mount_that_is_refused_is_not_announced(limactl: Run, agent: MountAgent) -> None:
    assert "mounting" not in limactl("mount", "dev", "/tmp:/home/ann").err


class SlowAgent(MountAgent):
    """A guest that installs sshfs for ever."""

    asked = threading.Event()

    async def add(self, mount: Mount) -> MountState:
        self.asked.set()
        await asyncio.Event().wait()
        return await super().add(mount)


def test_who_leaves_by_ctrl_c_is_told_that_it_goes_on(dev: Path) -> None:
    words = ["mount", "dev", "/tmp:/mnt/two words"]
    with (
        pidfile.held(str(dev / "ha.pid")),
        SlowAgent(dev, ()) as slow,
        subprocess.Popen([sys.executable, "-P", "-m", "limavm", *words], stderr=subprocess.PIPE, text=True) as left,
    ):
        assert slow.asked.wait(30)
        left.send_signal(signal.SIGINT)
        _, said = left.communicate(timeout=30)

    assert left.returncode == 130
    assert "limactl umount dev '/mnt/two words'" in said


def test_one_that_takes_long_says_which_other_one_it_waits_for(dev: Path) -> None:
    before = replace(LOST, location="/opt/first", phase=MountPhase.STARTING, configured=False)
    with pidfile.held(str(dev / "ha.pid")), SlowAgent(dev, (before,)):
        words = ["mount", "dev", "/tmp:/mnt/tmp"]
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "limavm", *words], stderr=subprocess.PIPE, text=True
        ) as waiting:
            assert waiting.stderr
            said = waiting.stderr.readline()
            waiting.send_signal(signal.SIGINT)

    assert "/opt/first is being mounted and comes first; then /tmp" in said


def test_in_a_directory_that_was_removed_a_path_has_to_be_whole(
    limactl: Run, agent: MountAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    os.rmdir(tmp_path / "gone")

    done = limactl("mount", "dev", ".")

    assert (done.code, "the current directory does not exist any more" in done.message) == (1, True)
    assert limactl("mount", "dev", "/tmp").code == 0


def test_saved_it_is_in_the_configuration(limactl: Run, agent: MountAgent, dev: Path) -> None:
    done = limactl("mount", "dev", "/tmp:/mnt/tmp:w", "--save")

    assert done.code == 0
    assert configured(dev) == [{"location": "/tmp", "mountPoint": "/mnt/tmp", "writable": True}]
    assert (dev / "lima.yaml").read_text().startswith("# mine\n")


def test_a_directory_that_is_not_there_is_not_made_since_its_name_may_be_mistyped(
    limactl: Run, agent: MountAgent, tmp_path: Path
) -> None:
    done = limactl("mount", "dev", str(tmp_path / "new"))

    assert done.code == 1
    assert "new does not exist" in done.message
    assert not (tmp_path / "new").exists()


def test_a_mount_that_the_agent_refuses_is_not_saved(limactl: Run, agent: MountAgent, dev: Path) -> None:
    done = limactl("mount", "dev", "/tmp:/home/ann", "--save")

    assert done.code == 1
    assert "/home/ann is taken" in done.message
    assert "choose another place" in done.message
    assert configured(dev) == []


def test_a_mount_is_taken_away(limactl: Run, agent: MountAgent) -> None:
    done = limactl("umount", "dev", "/mnt//srv/")

    assert done.code == 0
    assert "/mnt/srv" not in limactl("mount", "dev").out


def test_one_that_is_used_is_taken_away_by_force(limactl: Run, agent: MountAgent) -> None:
    agent.busy.add("/mnt/srv")

    refused = limactl("umount", "dev", "/mnt/srv")

    assert (refused.code, "vi (PID 7)" in refused.message) == (1, True)
    assert limactl("umount", "--force", "dev", "/mnt/srv").code == 0


@pytest.mark.parametrize(
    "entry",
    [
        {"location": "/srv", "mountPoint": "/mnt/srv"},
        {"location": "/srv", "mountPoint": "/mnt//./srv/"},
        {"location": "/mnt/srv"},
        {"location": "/mnt/../mnt/srv/"},
        {"location": "/srv", "mountPoint": "/mnt/{{.Param.place}}"},
    ],
)
def test_umount_saved_removes_the_entry_however_it_is_spelt(
    limactl: Run, agent: MountAgent, dev: Path, entry: dict[str, str]
) -> None:
    other = {"location": "/tmp", "mountPoint": "/mnt/other-{{.Param.place}}"}
    text = yaml.safe_dump({"mounts": [other, entry, entry], "param": {"place": "srv"}})
    (dev / "lima.yaml").write_text("# mine\n" + YAML.replace("mounts: []\n", text))

    done = limactl("umount", "dev", "/mnt/srv", "--save")

    assert (done.code, done.message) == (0, done.message)
    assert configured(dev) == [other]
    assert (dev / "lima.yaml").read_text().startswith("# mine\n")


def test_umount_saved_of_what_the_configuration_has_not_changes_nothing(
    limactl: Run, agent: MountAgent, dev: Path
) -> None:
    before = (dev / "lima.yaml").read_text()

    done = limactl("umount", "dev", "/mnt/srv", "--save")

    assert (done.code, "has no mount at /mnt/srv" in done.err) == (0, True)
    assert (dev / "lima.yaml").read_text() == before


def test_a_mount_of_all_instances_is_not_this_ones_to_remove(
    limactl: Run, agent: MountAgent, dev: Path, home: Path
) -> None:
    (home / "_config").mkdir(exist_ok=True)
    (home / "_config" / "override.yaml").write_text("mounts: [{location: /srv, mountPoint: /mnt/srv}]\n")

    done = limactl("umount", "dev", "/mnt/srv", "--save")

    assert done.code == 1
    assert "override.yaml" in done.message


@pytest.mark.parametrize(
    "words",
    [
        ("mount", "dev", "--save"),
        ("mount", "dev", "/tmp", "--json"),
        ("mount", "dev", "/tmp", "--watch"),
        ("mount", "dev", "/tmp", "--duration", "1s"),
        ("mount", "verify", "dev", "--save"),
        ("mount", "verify", "dev", "--duration", "soon"),
        ("mount", "dev", "/a", "/b"),
        ("mount", "dev", "relative:relative"),
        ("mount", "no/name"),
        ("umount", "dev"),
        ("umount", "dev", "srv"),
        ("umount", "dev", "/a", "/b"),
        ("umount", "dev", "/nowhere"),
        ("mount", "verify", "dev", "/nowhere"),
        ("mount", "verify", "dev", "/mnt/srv"),
        ("mount", "verify", "gone"),
    ],
)
def test_what_cannot_be_meant_is_an_error_and_changes_nothing(
    limactl: Run, agent: MountAgent, dev: Path, words: tuple[str, ...]
) -> None:
    before = (dev / "lima.yaml").read_text()

    done = limactl(*words)

    assert (done.code, done.out) == (1, "")
    assert done.message
    assert (dev / "lima.yaml").read_text() == before
    assert agent.items == (HOME, LOST)


def test_verify_says_what_is_mounted_when_the_name_is_wrong(limactl: Run, agent: MountAgent) -> None:
    assert "/home/ann, /mnt/srv" in limactl("mount", "verify", "dev", "/nowhere").message


@pytest.mark.parametrize("point", ["/mnt/srv", "/mnt//srv/", "/mnt/./srv"])
def test_a_mount_that_is_lost_cannot_be_verified_and_its_reason_is_told(
    limactl: Run, agent: MountAgent, point: str
) -> None:
    assert "lost: ssh" in limactl("mount", "verify", "dev", point).message


def test_an_instance_without_mounts_says_how_to_add_one(limactl: Run, dev: Path) -> None:
    with mount_agent(dev):
        assert "limactl mount dev DIRECTORY" in limactl("mount", "verify", "dev").message


@pytest.mark.parametrize("words", [["mount", "dev"], ["mount", "dev", "/tmp"], ["umount", "dev", "/a"]])
def test_a_stopped_instance_is_an_error(limactl: Run, dev: Path, words: list[str]) -> None:
    done = limactl(*words)

    assert done.code == 1
    assert "'dev' is not running" in done.message
    assert "mounting" not in done.err
