import pytest

from limavm.cli.edits import apply, edits
from limavm.cli.start import COMMAND
from tests.unit.cli.harness import Run


def test_each_flag_sets_its_key() -> None:
    given = {
        "cpus": 4,
        "memory": 4.0,
        "disk": 1.25,
        "vm_type": "qemu",
        "arch": "aarch64",
        "plain": False,
        "ssh_port": 60022,
        "nested_virt": True,
        "shell": "/bin/zsh",
    }

    assert dict(edits(given)) == {
        ("cpus",): 4,
        ("memory",): "4GiB",
        ("disk",): "1.25GiB",
        ("vmType",): "qemu",
        ("arch",): "aarch64",
        ("plain",): False,
        ("ssh", "localPort"): 60022,
        ("nestedVirtualization",): True,
        ("user", "shell"): "/bin/zsh",
    }


def test_flags_that_were_not_given_change_nothing() -> None:
    assert edits({"cpus": None, "memory": None, "other": 1}) == []
    assert apply(b"cpus:   1 # as it is\n", []) == b"cpus:   1 # as it is\n"


def test_flags_for_new_instances_are_skipped_with_a_warning() -> None:
    warnings: list[str] = []

    assert edits({"arch": "x86_64", "plain": True, "cpus": 1}, existing=True, warn=warnings.append) == [(("cpus",), 1)]
    assert [warning.split()[0] for warning in warnings] == ["--arch", "--plain"]


def test_comments_stay() -> None:
    assert apply(b"# top\ncpus: 1  # few\n", [(("cpus",), 2)]) == b"# top\ncpus: 2  # few\n"


@pytest.mark.parametrize("command", ["create", "start", "restart"])
@pytest.mark.parametrize("flag", ["--set=.x=1", "--mount=/tmp", "--network=vzNAT", "--dns=1.1.1.1", "--param=a=b"])
def test_flags_of_the_yq_language_come_later(limactl: Run, command: str, flag: str) -> None:
    done = limactl(command, flag)

    assert done.code == 1
    assert "later version" in done.message


@pytest.mark.parametrize("flag", ["--arch", "--plain", "--containerd", "--name", "--timeout"])
def test_restart_lacks_the_flags_of_new_instances(limactl: Run, flag: str) -> None:
    assert "is not known" in limactl("restart", flag, "x").message


@pytest.mark.parametrize(
    "args",
    [["--cpus=-1"], ["--cpus=x"], ["--ssh-port=65536"], ["--ssh-port=-1"], ["--memory=1GiB"], ["--timeout=soon"]],
)
def test_bad_values_are_errors_that_name_the_flag(limactl: Run, args: list[str]) -> None:
    done = limactl("start", *args)

    assert done.code == 1
    assert args[0].partition("=")[0] in done.message


def test_every_flag_has_a_help_text() -> None:
    assert all(flag.help for flag in COMMAND.own_flags if not flag.hidden)
