from collections.abc import Mapping

import pytest

from limavm.cli.edits import Situation, decide, edit_flags, new_flags
from limavm.cli.expressions import Home
from limavm.cli.start import COMMAND
from limavm.errors import UserError
from tests.unit.cli.harness import Run

HERE = Home(home="/home/me", cwd="/here")
ALL = {
    "cpus": 4,
    "dns": ("1.1.1.1",),
    "memory": 4.0,
    "mount": ("/a", "/b:w"),
    "mount_type": "9p",
    "vm_type": "qemu",
    "mount_inotify": True,
    "mount_writable": False,
    "network": ("vzNAT",),
    "nested_virt": True,
    "rosetta": False,
    "set": (".a = 1", '.b = "x"'),
    "param": ("A=1",),
    "video": True,
    "audio_device": "pa",
    "audio_interface": "hda",
    "ssh_port": 60022,
    "image_variant": "v",
    "arch_variant": "w",
    "arch": "aarch64",
    "containerd": "none",
    "disk": 1.25,
    "plain": False,
    "port_forward": ("1:2",),
    "shell": "/bin/zsh",
}


def expressions(given: Mapping[str, object], *, existing: bool = False, warnings: list[str] | None = None) -> list[str]:
    situation = Situation(place=HERE, params=lambda: {"A"}, existing=existing)
    warn = (lambda _: None) if warnings is None else warnings.append
    return [edit.expression for edit in decide(given, situation, warn=warn)]


def mount(path: str, writable: str) -> str:
    return f'{{"location": "{path}", "mountPoint": "{path}", "writable": {writable}}}'


def test_expressions_stand_in_the_order_of_lima() -> None:
    assert expressions(dict(reversed(ALL.items()))) == [
        ".cpus = 4",
        '.dns += ["1.1.1.1"] | .dns |= unique | .hostResolver.enabled=false',
        '.memory = "4GiB"',
        f".mounts = [{mount('/b', 'true')},{mount('/a', 'false')}] + .mounts",
        '.mountType = "9p"',
        '.vmType = "qemu"',
        ".mountInotify = true",
        ".mounts[].writable = false",
        '.networks += [{"vzNAT": true}] | .networks |= unique_by(.lima // .socket // .vzNAT)',
        ".nestedVirtualization = true",
        ".vmOpts.vz.rosetta.enabled = false | .vmOpts.vz.rosetta.binfmt = false",
        ".a = 1",
        '.b = "x"',
        '.param["A"] = "1"',
        '.video.display = "default"',
        '.audio.device = "pa"',
        '.audio.interface = "hda"',
        ".ssh.localPort = 60022",
        '.images = [.images[] | select(.variant == "v")]',
        '.images = [.images[] | select(.archVariant == "w")]',
        '.arch = "aarch64"',
        ".containerd.user = false | .containerd.system = false",
        '.disk = "1.25GiB"',
        ".plain = false",
        '.portForwards += [{"guestPort": "2", "hostPort": "1", "static": false}]',
        '.user.shell = "/bin/zsh"',
    ]


def test_every_flag_has_its_expression() -> None:
    names = {flag.name for flag in [*edit_flags(), *new_flags()]}

    assert names == {*ALL, "mount_only", "mount_none"}


def test_flags_that_were_not_given_change_nothing() -> None:
    assert expressions({"cpus": None, "mount": (), "set": (), "other": 1}) == []


def test_mount_only_replaces_in_the_order_of_the_flags() -> None:
    assert expressions({"mount_only": ("/a,/b",)}) == [f".mounts = [{mount('/a', 'false')},{mount('/b', 'false')}]"]


@pytest.mark.parametrize("value", [True, False])
def test_mount_none_clears_whatever_its_value_is(value: bool) -> None:
    assert expressions({"mount_none": value}) == [".mounts = null"]


@pytest.mark.parametrize(
    "given",
    [
        {"mount": ("/a",), "mount_only": ("/b",)},
        {"mount": ("/a",), "mount_none": True},
        {"mount_only": ("/a",), "mount_none": False},
    ],
)
def test_mounts_are_given_in_one_way(given: Mapping[str, object]) -> None:
    with pytest.raises(UserError, match="exclude each other"):
        expressions(given)


def test_without_video_there_is_no_display() -> None:
    assert expressions({"video": False}) == ['.video.display = "none"']


def test_flags_for_new_instances_are_skipped_with_a_warning() -> None:
    warnings: list[str] = []
    given = {"arch": "x86_64", "plain": True, "image_variant": "", "arch_variant": "x", "containerd": "all", "cpus": 1}

    assert expressions(given, existing=True, warnings=warnings) == [".cpus = 1"]
    assert [warning.split()[0] for warning in warnings] == [
        *("--image-variant", "--arch-variant", "--arch", "--containerd", "--plain")
    ]


def test_what_is_experimental_and_what_has_another_effect_is_said() -> None:
    warnings: list[str] = []

    expressions(
        {"mount_inotify": True, "audio_device": "pa", "audio_interface": "hda", "dns": ("::1",)}, warnings=warnings
    )

    assert len([warning for warning in warnings if "is experimental" in warning]) == 3
    assert len([warning for warning in warnings if "hostResolver" in warning]) == 1


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("param", ("x",)),
        ("param", ("B=1",)),
        ("mount", ("~bob",)),
        ("mount", ("",)),
        ("mount_only", ("",)),
        ("network", ("foo",)),
        ("dns", ("x",)),
        ("port_forward", ("1:2:3",)),
        ("memory", 0.0),
        ("disk", 0.0),
        ("containerd", "x"),
        ("image_variant", ""),
        ("arch_variant", ""),
        ("shell", "\udcff"),
        ("set", ("  ",)),
    ],
)
def test_an_error_names_the_flag(flag: str, value: object) -> None:
    with pytest.raises(UserError, match=f"the flag --{flag.replace('_', '-')}: "):
        expressions({flag: value})


def test_params_are_looked_up_only_when_one_is_set() -> None:
    def fail() -> list[str]:
        raise AssertionError

    assert decide({"cpus": 1}, Situation(place=HERE, params=fail))


@pytest.mark.parametrize(
    "flag",
    [
        *("--arch", "--plain", "--containerd", "--name", "--timeout", "--port-forward", "--image-variant"),
        *("--arch-variant", "--audio-device", "--audio-interface"),
    ],
)
@pytest.mark.parametrize("command", ["restart", "edit"])
def test_other_commands_lack_the_flags_of_new_instances(limactl: Run, command: str, flag: str) -> None:
    assert "is not known" in limactl(command, flag, "x").message


@pytest.mark.parametrize(
    "args",
    [
        *(["--cpus=-1"], ["--cpus=x"], ["--cpus=1.5"], ["--ssh-port=65536"], ["--ssh-port=70000"], ["--ssh-port=-1"]),
        *(["--memory=1GiB"], ["--memory=nan"], ["--memory=0"], ["--disk=0"], ["--disk=-1"], ["--disk=inf"]),
        *(["--timeout=soon"], ["--mount", ""], ["--mount=~bob"], ["--param=x"], ["--network=foo"], ["--dns=x"]),
        *(["--port-forward=1:2:3"], ["--mount-writable=maybe"], ["--set", ""], ["--containerd=x"]),
    ],
)
def test_bad_values_are_errors_that_name_the_flag(limactl: Run, args: list[str]) -> None:
    done = limactl("start", *args)

    assert done.code == 1
    assert args[0].partition("=")[0] in done.message


def test_every_flag_has_a_help_text() -> None:
    assert all(flag.help for flag in COMMAND.own_flags if not flag.hidden)
