import shutil
import subprocess
from pathlib import Path

import pytest

from limavm.cli.complete import complete
from limavm.cli.positionals import DEFAULT, NO_FILES, NO_SPACE
from limavm.model.mount import MountState
from tests.fakes.mountagent import mount_agent
from tests.unit.cli.harness import Run, make_instance


@pytest.fixture(autouse=True)
def instances(home: Path) -> None:
    make_instance(home, "web")
    make_instance(home, "work")
    make_instance(home, "db")
    templates = home / "_templates"
    (templates / "_x").mkdir(parents=True)
    (templates / "xmine.yaml").write_text("{}")
    (templates / "_x" / "hidden.yaml").write_text("{}")


def values(*words: str) -> list[str]:
    return [value for value, _ in complete(words)[0]]


def test_commands_are_offered_with_their_descriptions() -> None:
    candidates, directive = complete(["st"])

    assert candidates == [("start", "Start an instance, creating it when needed"), ("stop", "Stop instances")]
    assert directive == NO_FILES


def test_hidden_commands_and_aliases_are_not_offered() -> None:
    assert {"hostagent", "__complete", "ls", "rm", "yq-restrictions"} & set(values("")) == set()
    assert values("help", "yq") == ["yq-restrictions"]


@pytest.mark.parametrize(
    "command",
    [
        "stop",
        "delete",
        "list",
        "restart",
        "shell",
        "timings",
        "ports",
        "guest-install",
        "protect",
        "unprotect",
        "factory-reset",
        "start",
        "edit",
        "mount",
        "umount",
        "autostart enable",
        "screenshot",
        "show-ssh",
        "tunnel",
        "watch",
    ],
)
def test_instances_are_offered(command: str) -> None:
    assert values(*command.split(), "w") == ["web", "work"]


def test_instances_and_data_disks_are_offered_for_their_usage(home: Path) -> None:
    (home / "_disks" / "wide").mkdir(parents=True)
    (home / "_disks" / ".wide.1.creating").mkdir()

    assert values("disk-usage", "w") == ["web", "work", "wide"]
    assert values("disk-usage", "web", "w") == ["work", "wide"]
    assert values("prune", "") == []


def test_an_instance_to_copy_from_or_to_is_offered_with_its_colon_and_files_of_the_host_as_well() -> None:
    assert complete(["copy", "w"]) == ([("web:", ""), ("work:", "")], NO_SPACE)
    assert complete(["cp", "x", "d"]) == ([("db:", "")], NO_SPACE)
    assert complete(["copy", "./"]) == ([], DEFAULT)
    assert complete(["copy", "web:/e"]) == ([], NO_FILES)
    assert complete(["copy", "./a:b"]) == ([], DEFAULT)


def test_names_that_stand_there_already_are_not_offered_again() -> None:
    assert values("stop", "web", "") == ["db", "work"]
    assert values("restart", "web", "") == []


def test_flags_before_the_command_and_before_the_name_are_skipped() -> None:
    assert values("--log-level", "debug", "--debug", "stop", "-f", "d") == ["db"]


@pytest.mark.parametrize("command", ["create", "start", "validate"])
def test_templates_are_offered_and_files_as_well(command: str) -> None:
    candidates, directive = complete([command, "template:x"])

    assert candidates == [("template:xmine", "")]
    assert directive == DEFAULT


def test_templates_below_an_underscore_are_hidden_until_it_is_typed() -> None:
    assert "template:_x/hidden" not in values("create", "template:")
    assert values("create", "template:_x") == ["template:_x/hidden"]
    assert values("create", "template:_x/") == ["template:_x/hidden"]


def test_create_does_not_offer_instances() -> None:
    assert values("create", "w") == []


def test_flags_are_offered_that_are_not_used_yet() -> None:
    assert values("stop", "--") == ["--force", "--log-level", "--log-format", "--debug", "--tty", "--yes", "--help"]
    assert "--force" not in values("stop", "--force", "--")
    assert values("start", "--me") == ["--memory"]


@pytest.mark.parametrize("words", [["start", "--arch", "a"], ["start", "--arch=a"]])
def test_values_of_flags_are_offered_bare(words: list[str]) -> None:
    assert values(*words) == ["aarch64", "armv7l"]


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        *(("--disk", "100"), ("--vm-type", "qemu"), ("--shell", "/bin/zsh"), ("--ssh-port", "60022"), ("--cpus", "1")),
        *(("--mount-type", "reverse-sshfs"), ("--network", "lima:user-v2"), ("--containerd", "user+system")),
        ("--port-forward", "8080:80,static=true"),
    ],
)
def test_frequent_values(flag: str, value: str) -> None:
    assert value in values("start", flag, "")


@pytest.mark.parametrize("words", [["create", "--set", ".plain=t"], ["start", "--set=.plain=t"]])
def test_keys_to_set_are_offered_without_a_blank_behind_them(words: list[str]) -> None:
    assert complete(words) == ([(".plain=true", "")], NO_SPACE | NO_FILES)
    assert values("create", "--set", ".containerd.s") == [".containerd.system="]
    assert values("create", "--set", "cpus") == []


@pytest.mark.parametrize(("command", "flag"), [("create", "--mount"), ("create", "--mount-only"), ("shell", "--sync")])
def test_directories_of_the_host_are_left_to_the_shell(command: str, flag: str) -> None:
    assert complete([command, flag, ""]) == ([], DEFAULT)
    assert complete([command, f"{flag}=/"]) == ([], DEFAULT)


def test_a_flag_that_may_be_repeated_is_offered_again() -> None:
    assert "--set" in values("create", "--set", ".cpus=1", "--cpus", "1", "--s")
    assert "--cpus" not in values("create", "--set", ".cpus=1", "--cpus", "1", "--c")


def test_edit_takes_one_instance_or_a_file() -> None:
    assert complete(["edit", "w"])[1] == DEFAULT
    assert values("edit", "web", "") == []


def test_memory_goes_up_to_half_of_the_host() -> None:
    assert all(float(value) > 0 for value in values("create", "--memory", ""))
    assert values("create", "--memory", "")


def test_behind_two_dashes_there_are_no_flags() -> None:
    assert values("stop", "--", "-") == []
    assert values("stop", "--", "w") == ["web", "work"]


def test_the_command_that_runs_in_the_guest_is_left_to_the_shell() -> None:
    assert complete(["shell", "web", "l"]) == ([], DEFAULT)
    assert complete(["shell", "web", "--"]) == ([], DEFAULT)


def test_sub_commands_and_help_topics() -> None:
    assert values("completion", "") == ["bash", "fish", "powershell", "zsh"]
    assert values("completion", "zsh", "--no") == ["--no-descriptions"]
    assert values("help", "tim") == ["timings"]


@pytest.mark.parametrize(
    "words",
    [[], ["nope", ""], ["nope", "nope", ""], ["stop", "--frob", ""], ["completion", "frob", ""], ["start", "\x00"]],
)
def test_words_that_make_no_sense_give_no_error(words: list[str]) -> None:
    complete(words)


def test_the_protocol(limactl: Run) -> None:
    done = limactl("__complete", "tim")

    assert done.code == 0
    assert done.out == "timings\tShow how long each phase of the last start took\n:4\n"
    assert done.err
    assert limactl("__completeNoDesc", "tim").out == "timings\n:4\n"
    assert limactl("__complete", "start", "--frob", "--").code == 0
    assert limactl("__complete").out.endswith(":4\n")


def test_mounts_of_a_running_instance_are_offered(home: Path) -> None:
    states = [
        MountState(location=f"/host{point}", mount_point=point, writable=False, type="9p")
        for point in ("/a", "/ab", "/b")
    ]
    with mount_agent(home / "web", states):
        assert complete(["umount", "web", "/a"]) == ([("/a", "/host/a"), ("/ab", "/host/ab")], NO_FILES)
        assert values("mount", "verify", "web", "/a", "") == ["/ab", "/b"]


def test_of_one_that_does_not_run_there_are_none() -> None:
    assert values("umount", "web", "") == []


def test_a_directory_follows_the_instance_of_mount() -> None:
    assert complete(["mount", "web", ""]) == ([], DEFAULT)
    assert values("mount", "v") == ["verify"]
    assert values("mount", "verify", "w") == ["web", "work"]
    assert complete(["mount", "web", "/a", ""]) == ([], NO_FILES)


def test_values_of_flags_that_other_commands_have_too_are_their_own() -> None:
    assert values("show-ssh", "--format", "") == ["cmd", "args", "options", "config"]
    assert values("tunnel", "--type", "") == ["socks"]
    assert complete(["screenshot", "--output", ""]) == ([], DEFAULT)


def test_what_completion_does_can_be_written_to_a_file(
    limactl: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASH_COMP_DEBUG_FILE", str(tmp_path / "log"))
    assert limactl("__complete", "stop", "d").code == 0
    assert limactl("__complete", "stop", "x").code == 0
    assert (tmp_path / "log").read_text() == "['stop', 'd']: ['db'], directive 4\n['stop', 'x']: [], directive 4\n"

    monkeypatch.setenv("BASH_COMP_DEBUG_FILE", str(tmp_path / "none" / "log"))
    assert limactl("__complete", "stop", "d").code == 0


def test_tags_of_snapshots_are_offered_before_the_instance_is_named(home: Path) -> None:
    """With the instances that have them; an instance that is named first has its own only."""
    if shutil.which("qemu-img") is None:
        pytest.skip("needs qemu-img")
    disk = str(home / "web" / "disk")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "1M"], check=True)
    subprocess.run(["qemu-img", "snapshot", "-c", "clean", disk], check=True)
    shutil.copy(disk, home / "work" / "disk")

    assert complete(["snapshot", "apply", "--tag", ""])[0] == [("clean", "web, work")]
    assert complete(["snapshot", "delete", "web", "--tag="])[0] == [("clean", "")]
    assert values("snapshot", "create", "--tag", "") == []
