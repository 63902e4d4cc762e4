"""`limactl show-ssh`, on instances that do not run."""

from pathlib import Path

import pytest

from tests.unit.cli.harness import YAML, Run
from tests.unit.cli.test_remote import make_reachable


@pytest.fixture
def dev(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSH", str(tmp_path / "ssh"))
    return make_reachable(home, "dev", tmp_path / "ssh", YAML + "ssh: {forwardAgent: true}\n")


def test_the_command_line_is_the_default_and_the_notice_names_the_other_way(limactl: Run, dev: Path) -> None:
    done = limactl("show-ssh", "dev")

    assert done.code == 0
    assert done.out.startswith(f"ssh -o 'IdentityFile=\"{dev.parent}/_config/user\"' -o StrictHostKeyChecking=no ")
    assert done.out.endswith(" -o ForwardAgent=yes -o Hostname=127.0.0.1 -o Port=60022 lima-dev\n")
    assert f"deprecated; use `ssh -F {dev}/ssh.config lima-dev`" in done.message
    assert limactl("show-ssh", "-f", "cmd", "dev").out == done.out


def test_every_other_format(limactl: Run, dev: Path) -> None:
    args = limactl("show-ssh", "--format=args", "dev").out
    lines = limactl("show-ssh", "--format=options", "dev").out.splitlines()
    config = limactl("show-ssh", "dev", "--format", "config").out.splitlines()

    assert args.startswith("-o ")
    assert args.count("-o ") == len(lines)
    assert lines[-1] == "Port=60022"
    assert config[0] == "Host lima-dev"
    assert config[-2:] == ["  Hostname 127.0.0.1", "  Port 60022"]
    assert f'  ControlPath "{dev}/ssh.sock"' in config


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["none"], "limactl create"),
        (["../x"], "name"),
        (["größe"], "name"),
        (["x" * 200], "name"),
        (["dev", "--format=json"], "cmd, args, options, config"),
        ([], "exactly 1"),
        (["dev", "dev"], "exactly 1"),
    ],
)
def test_what_is_wrong_is_one_message(limactl: Run, dev: Path, args: list[str], word: str) -> None:
    done = limactl("show-ssh", *args)

    assert (done.code, done.out) == (1, "")
    assert word in done.message


def test_an_instance_that_was_never_started_has_no_port_yet(limactl: Run, dev: Path) -> None:
    (dev / "ssh.config").unlink()

    done = limactl("show-ssh", "dev")

    assert (done.code, done.out) == (1, "")
    assert "port of ssh" in done.message


def test_a_configuration_that_cannot_be_read_is_an_error(limactl: Run, dev: Path) -> None:
    (dev / "lima.yaml").write_text("cpus: [\n")

    assert "configuration" in limactl("show-ssh", "dev").message
