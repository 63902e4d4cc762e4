import configparser
import sys
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.host.autostart.registration import Registration
from limavm.host.autostart.systemd import Systemd, of_cgroup, unit_of, unit_text
from tests.fakes.programs import install

if sys.platform == "win32":
    pytest.skip("programs in sh", allow_module_level=True)

#: Tells what it was asked; fails where $REFUSE is among it.
SYSTEMCTL = """#!/bin/sh
echo "$*" >> "$(dirname "$0")/asked"
case "$REFUSE" in "") ;; *) case "$*" in *$REFUSE*) echo "no bus" >&2; exit 1 ;; esac ;; esac
"""


def registration(
    directory: str = "/home/me/.lima/dev-1.x",
    argv: tuple[str, ...] = ("/opt/b/limactl", "start", "dev-1.x", "--foreground"),
    environment: dict[str, str] | None = None,
) -> Registration:
    values = {"PATH": "/usr/bin:/bin"} if environment is None else environment
    return Registration(name="dev-1.x", directory=directory, argv=argv, environment=values)


class Unit(configparser.ConfigParser):
    """systemd's files are much like those that Python reads, but for the case of keys."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def parsed(text: str) -> Unit:
    parser = Unit(interpolation=None)
    parser.read_string(text)
    return parser


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("REFUSE", raising=False)
    return install("systemctl", SYSTEMCTL, tmp_path, monkeypatch).parent / "asked"


@pytest.fixture
def systemd(tmp_path: Path, asked: Path) -> Systemd:
    return Systemd({"XDG_CONFIG_HOME": str(tmp_path / "config")})


def test_the_unit_starts_the_instance_in_the_foreground_and_lets_it_end_in_order() -> None:
    unit = parsed(unit_text(registration()))

    assert unit["Service"]["ExecStart"] == "/opt/b/limactl start %i --foreground"
    assert unit["Service"]["Type"] == "simple"
    assert unit["Service"]["WorkingDirectory"] == "%h"
    assert unit["Service"]["Restart"] == "on-failure"
    assert unit["Service"]["KillMode"] == "process"
    assert int(unit["Service"]["TimeoutStopSec"]) > 180
    assert unit["Service"]["Environment"] == '"PATH=/usr/bin:/bin"'
    assert unit["Install"]["WantedBy"] == "default.target"


def test_a_unit_that_is_left_behind_creates_no_instance() -> None:
    assert parsed(unit_text(registration()))["Unit"]["ConditionPathExists"] == "/home/me/.lima/dev-1.x/lima.yaml"


def test_what_means_something_to_systemd_is_escaped() -> None:
    odd = registration(
        argv=('/a b/%h/$x/"q"/limactl', "start", "dev-1.x", "--foreground"),
        directory="/100%/dev-1.x",
        environment={"LIMA_HOME": '/a "b"\\%n'},
    )
    unit = parsed(unit_text(odd))

    assert unit["Service"]["ExecStart"] == '"/a b/%%h/$$x/\\"q\\"/limactl" start %i --foreground'
    assert unit["Service"]["Environment"] == '"LIMA_HOME=/a \\"b\\"\\\\%%n"'
    assert unit["Unit"]["ConditionPathExists"] == "/100%%/dev-1.x/lima.yaml"


@pytest.mark.parametrize("directory", ["/a\nExecStart=/bin/evil", "/a\r", "/a\0"])
def test_a_path_with_a_line_break_is_an_error(directory: str) -> None:
    with pytest.raises(UserError, match="line break"):
        unit_text(registration(directory=directory))


def test_enabling_writes_the_unit_and_tells_systemd(systemd: Systemd, asked: Path) -> None:
    assert systemd.registered("dev-1.x", "/home/me/.lima/dev-1.x") == ""
    unit = systemd.enable(registration())

    path = Path(systemd.path("dev-1.x"))
    assert unit == path.name == "lima-vm@dev-1.x.service"
    assert path.parts[-4:-1] == ("config", "systemd", "user")
    assert path.stat().st_mode & 0o777 == 0o644
    assert asked.read_text() == f"--user enable {unit}\n"
    assert systemd.registered("dev-1.x", "/home/me/.lima/dev-1.x") == unit


def test_enabling_again_brings_the_unit_up_to_date(systemd: Systemd) -> None:
    systemd.enable(registration())
    systemd.enable(registration(environment={"PATH": "/new"}))

    assert "PATH=/new" in Path(systemd.path("dev-1.x")).read_text()


@pytest.mark.parametrize("before", [None, "[Unit]\nDescription=by Lima\n"])
def test_a_refusal_of_systemd_leaves_all_as_it_was(
    systemd: Systemd, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    path = Path(systemd.path("dev-1.x"))
    if before is not None:
        path.parent.mkdir(parents=True)
        path.write_text(before)
    monkeypatch.setenv("REFUSE", "enable")

    with pytest.raises(UserError, match="no bus"):
        systemd.enable(registration())
    assert (path.read_text() if path.exists() else None) == before


def test_disabling_removes_the_unit(systemd: Systemd, asked: Path) -> None:
    systemd.enable(registration())
    asked.unlink()
    systemd.disable("dev-1.x", "")

    assert asked.read_text().splitlines() == ["--user disable lima-vm@dev-1.x.service", "--user daemon-reload"]
    assert systemd.registered("dev-1.x", "/home/me/.lima/dev-1.x") == ""


def test_disabling_needs_no_systemd_that_answers(systemd: Systemd, monkeypatch: pytest.MonkeyPatch) -> None:
    systemd.enable(registration())
    path = Path(systemd.path("dev-1.x"))
    link = path.parent / "default.target.wants" / path.name
    link.parent.mkdir()
    link.symlink_to(path)
    monkeypatch.setenv("REFUSE", "--user")
    systemd.disable("dev-1.x", "")

    assert not path.exists()
    assert not link.is_symlink()


def test_the_instance_of_another_home_is_somebody_elses(systemd: Systemd) -> None:
    systemd.enable(registration())

    assert systemd.registered("dev-1.x", "/other/dev-1.x") == ""
    with pytest.raises(UserError, match="another LIMA_HOME"):
        systemd.enable(registration(directory="/other/dev-1.x"))


def test_a_unit_of_limas_own_counts(systemd: Systemd) -> None:
    path = Path(systemd.path("dev"))
    path.parent.mkdir(parents=True)
    path.write_text("[Service]\nExecStart=/usr/bin/limactl start %i --foreground\n")

    assert systemd.registered("dev", "/anywhere/dev") == unit_of("dev")


def test_starting_and_stopping_are_asked_of_the_unit(systemd: Systemd, asked: Path) -> None:
    systemd.start("dev", "")
    systemd.stop("dev", "")

    assert asked.read_text().splitlines() == [
        "--user reset-failed lima-vm@dev.service",
        "--user start lima-vm@dev.service",
        "--user --no-block stop lima-vm@dev.service",
    ]


def test_units_are_below_the_home_where_no_other_place_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    for environment in ({}, {"XDG_CONFIG_HOME": ""}, {"XDG_CONFIG_HOME": "relative"}):
        assert Systemd(environment).path("dev").startswith(f"{tmp_path}/.config/systemd/user/")


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        (
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-lima\\x2dvm.slice/lima-vm@dev.service\n",
            "lima-vm@dev.service",
        ),
        ("2:cpu:/x\n1:name=systemd:/user.slice/lima-vm@a.b-c.service\n0::/\n", "lima-vm@a.b-c.service"),
        ("0::/user.slice/user-1000.slice/session-3.scope\n", ""),
        ("0::/user.slice/user-1000.slice/user@1000.service/x.scope\n", ""),
        ("0::/lima-vm@dev.service/inner\n", ""),
        ("", ""),
    ],
)
def test_a_process_finds_its_unit_in_its_control_group(text: str, unit: str) -> None:
    assert of_cgroup(text) == unit


def test_only_its_own_unit_is_the_manager_of_an_instance(systemd: Systemd) -> None:
    assert systemd.owns("dev", "lima-vm@dev.service")
    assert not systemd.owns("dev", "lima-vm@web.service")
    assert not systemd.owns("dev", "")
