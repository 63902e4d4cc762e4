"""spec/runtime.md 7.1: the service of the guest agent, in a root directory of the test's own."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from limavm.guestagent.flags import FlagError
from limavm.guestagent.install import (
    UNIT,
    Service,
    install,
    install_systemd,
    install_systemd_service,
    openrc_texts,
    run_program,
    service,
    unit_text,
)

PROGRAM = "/usr/local/bin/lima-guestagent"


class Ran:
    """Notes the programs that would be run, and answers with a status for each."""

    def __init__(self, *statuses: int) -> None:
        self.lines: list[str] = []
        self._statuses = list(statuses)

    def __call__(self, argv: Sequence[str]) -> int:
        self.lines.append(" ".join(argv))
        return self._statuses.pop(0) if self._statuses else 0


@pytest.fixture
def systemd(tmp_path: Path) -> str:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    return str(tmp_path)


@pytest.fixture
def openrc(tmp_path: Path) -> str:
    (tmp_path / "sbin").mkdir()
    (tmp_path / "sbin/openrc-run").write_text("")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--vsock-port=2222", "--virtio-port=x"], '"--vsock-port=2222"'),
        (["--virtio-port", "io.lima-vm.guest_agent.0"], '"--virtio-port=io.lima-vm.guest_agent.0"'),
        (["--socket-owner=1000"], '"--socket-owner=1000"'),
        (["--socket-owner=1000", "--token-file=/t"], '"--socket-owner=1000" "--token-file=/t"'),
        (["--virtio-port=x", "--token-file=/t", "--debug"], '"--virtio-port=x" "--token-file=/t" "--debug"'),
        (["--vsock-port=1", "--token-file=/t"], '"--vsock-port=1" "--token-file=/t"'),
    ],
)
def test_the_first_transport_that_is_given_is_used(flags: list[str], words: str) -> None:
    text = unit_text(service(PROGRAM, flags))

    assert f'\nExecStart="{PROGRAM}" "daemon" {words} --runtime-dir="%t/%N"\n' in text


def test_the_unit_is_what_the_specification_asks_for() -> None:
    lines = unit_text(Service(program=PROGRAM)).splitlines()

    assert {
        *("Type=simple", "Restart=always", "OOMPolicy=continue", "OOMScoreAdjust=-500"),
        "WantedBy=multi-user.target",
    } <= set(lines)
    assert {"StartLimitIntervalSec=0", "TimeoutStopSec=10"} <= set(lines)


def test_the_unit_is_started_again_at_once_and_more_slowly_where_that_is_in_vain() -> None:
    lines = unit_text(Service(program=PROGRAM)).splitlines()

    assert {"RestartSec=100ms", "RestartSteps=100", "RestartMaxDelaySec=10s"} <= set(lines)


def test_what_systemd_would_replace_is_escaped() -> None:
    assert 'ExecStart="/a b/100%%/$$x/\\"" "daemon"' in unit_text(Service(program='/a b/100%/$x/"'))


@pytest.mark.parametrize(
    "flags", [["--unknown"], ["vsock-port"], ["--vsock-port=x"], ["--socket-owner"], ["--debug=7"]]
)
def test_a_wrong_flag_is_an_error(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FlagError):
        service(PROGRAM, flags)

    assert install_systemd(flags) == 1
    assert capsys.readouterr().err.startswith("lima-guestagent: ")


def test_the_first_installation_reloads_nothing_and_starts_the_service(systemd: str) -> None:
    ran = Ran()

    assert install(Service(program=PROGRAM, guestagent_updated=True), systemd, ran) == 0

    wanted = Path(systemd, "etc/systemd/system/multi-user.target.wants/lima-guestagent.service")
    assert str(wanted.readlink()) == UNIT
    assert Path(systemd + UNIT).read_text() == unit_text(Service(program=PROGRAM))
    assert ran.lines == ["systemctl --system --no-block restart lima-guestagent.service"]


def test_a_unit_that_is_the_same_is_left_alone(systemd: str) -> None:
    install(Service(program=PROGRAM), systemd, Ran())
    before = Path(systemd + UNIT).stat().st_ino
    ran = Ran()

    install(Service(program=PROGRAM), systemd, ran)

    assert Path(systemd + UNIT).stat().st_ino == before
    assert ran.lines == ["systemctl --system --no-block start lima-guestagent.service"]


def test_a_unit_that_changes_is_read_again(systemd: str) -> None:
    Path(systemd + UNIT).parent.mkdir(parents=True)
    Path(systemd + UNIT).write_bytes(b"[Unit]\nDescription=Lima's own \xff\n")
    ran = Ran()

    install(Service(program=PROGRAM), systemd, ran)

    assert ran.lines == [
        "systemctl --system daemon-reload",
        "systemctl --system --no-block restart lima-guestagent.service",
    ]


def test_a_failure_of_systemctl_is_ours(systemd: str) -> None:
    install_systemd_service(Service(program="/other"), systemd, Ran())

    assert install(Service(program=PROGRAM), systemd, Ran(4)) == 4
    assert install(Service(program=PROGRAM), systemd, Ran(5)) == 5


def test_openrc_gets_a_script_its_settings_and_a_place_among_the_services(openrc: str) -> None:
    ran = Ran()

    assert install(service(PROGRAM, ["--virtio-port=it's"]), openrc, ran) == 0

    conf = Path(openrc, "etc/conf.d/lima-guestagent").read_text()
    script = Path(openrc, "etc/init.d/lima-guestagent")
    assert "daemon" in conf
    assert script.stat().st_mode & 0o777 == 0o755
    assert script.read_text().startswith("#!/sbin/openrc-run\n")
    assert ran.lines == ["rc-update -q add lima-guestagent default", "rc-service lima-guestagent restart"]


def test_the_script_of_openrc_supervises_the_daemon() -> None:
    conf, script = openrc_texts(Service(program="/a b/lima-guestagent"))

    assert "supervisor=supervise-daemon\ncommand='/a b/lima-guestagent'\n" in script
    assert "output_log=/var/log/lima-guestagent.log" in script
    assert "--runtime-dir=/run/lima-guestagent" in conf


def test_without_a_manager_of_services_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran()

    assert install(Service(program=PROGRAM), str(tmp_path), ran) == 1

    assert "neither systemd nor OpenRC" in capsys.readouterr().err
    assert ran.lines == []


def test_a_program_that_is_missing_has_a_status_of_its_own() -> None:
    assert run_program(["/nonexistent/program"]) == 127
    assert run_program(["sh", "-c", "exit 3"]) == 3
