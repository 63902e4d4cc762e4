import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.cli.remote import name_and_command
from limavm.errors import UserError
from limavm.host import pidfile
from tests.unit.cli.harness import YAML, Run, Terminal, limactl_process, make_identity, make_instance

#: Stands for ssh: tells its arguments, and ends with the code of $CODE.
FAKE_SSH = f"""#!{sys.executable}
import json, os, sys
if "-V" in sys.argv:
    print("OpenSSH_9.2p1 Debian", file=sys.stderr)
else:
    print(json.dumps(sys.argv[1:]))
    sys.exit(int(os.environ.get("CODE", "0")))
"""


def make_reachable(home: Path, name: str, ssh: Path, text: str = YAML) -> Path:
    """An instance whose port of ssh is known, and at `ssh` one that only tells its arguments."""
    ssh.write_text(FAKE_SSH)
    ssh.chmod(stat.S_IRWXU)
    make_identity(home)
    directory = make_instance(home, name, text)
    (directory / "ssh.config").write_text(f"Host lima-{name}\n  Port 60022\n")
    return directory


@pytest.fixture
def running(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An instance with a host agent, as far as its PID file tells, and an ssh that only tells its arguments."""
    ssh = tmp_path / "bin" / "my ssh"
    ssh.parent.mkdir()
    monkeypatch.setenv("SSH", f"'{ssh}' --first")
    monkeypatch.chdir(tmp_path)
    directory = make_reachable(home, "default", ssh)
    with pidfile.held(str(directory / "ha.pid")):
        yield directory


def ssh_args(*args: str, **extra: str) -> list[str]:
    done = limactl_process(*args, **extra)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def test_the_command_line_of_ssh(running: Path, home: Path) -> None:
    args = ssh_args("shell", "default", "echo", "a b")

    assert args[:4] == ["--first", "-F", "/dev/null", "-o"]
    assert args[4] == f'IdentityFile="{home}/_config/user"'
    assert f'ControlPath="{running}/ssh.sock"' in args
    assert args[-10:] == [
        "LogLevel=ERROR",
        "-o",
        "ConnectTimeout=30",
        "-o",
        "ServerAliveInterval=10",
        "-p",
        "60022",
        "127.0.0.1",
        "--",
        "false ; exec /bin/bash -l -c " + "'echo '\"'\"'a b'\"'\"''",
    ]
    assert "-t" not in args


@pytest.mark.parametrize(
    ("plain", "full"),
    [
        (["shell", "default"], ["--debug=false", "shell", "default"]),
        (["shell", "default", "--", "ls", "-l"], ["shell", "--instance", "default", "ls", "-l"]),
        (["shell", "default", "ls", "--", "-x"], ["--tty=false", "shell", "default", "--", "ls", "--", "-x"]),
        (["shell", "default", "A=1", "B=x y", "env"], ["shell", "--shell=", "default", "A=1", "B=x y", "env"]),
        (["shell", "default", "", "--help"], ["shell", "--workdir=", "default", "", "--help"]),
    ],
)
def test_the_plain_form_gives_the_same_command_line_as_the_long_way(
    running: Path, plain: list[str], full: list[str]
) -> None:
    assert ssh_args(*plain) == ssh_args(*full)


@pytest.mark.parametrize("code", ["0", "1", "42", "255"])
def test_the_exit_code_is_that_of_ssh(running: Path, code: str) -> None:
    done = limactl_process("shell", "default", "false", CODE=code)

    assert done.returncode == int(code)
    assert done.stderr == ""


def test_flags_choose_shell_and_directory(running: Path) -> None:
    script = ssh_args("shell", "--shell", "/bin/sh x", "--workdir=/a b", "default", "pwd")[-1]

    assert script == "cd '/a b' || exit 1 ; exec '/bin/sh x' -l -c pwd"


def with_mount(running: Path, mount: str, more: str = "") -> None:
    (running / "lima.yaml").write_text(YAML.replace("mounts: []", f"mounts:\n- {mount}\n{more}"))


def test_inside_a_mount_the_directory_of_the_host_is_entered(running: Path, tmp_path: Path) -> None:
    with_mount(running, f"location: {tmp_path}")

    assert ssh_args("shell", "default", PWD=str(tmp_path))[-1].startswith(f"cd {tmp_path} || cd {tmp_path} ; exec ")


def test_a_mount_with_another_mount_point_is_entered_there(
    running: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "a b"
    below.mkdir()
    with_mount(running, f"location: {tmp_path}\n  mountPoint: /mnt/src")

    monkeypatch.chdir(below)

    assert ssh_args("shell", "default", PWD=str(below))[-1].startswith("cd '/mnt/src/a b' || cd /mnt/src ; exec ")


def test_outside_of_every_mount_the_home_is_entered_if_it_is_mounted(
    running: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_mount(running, f"location: {tmp_path}")

    monkeypatch.chdir("/")

    assert ssh_args("shell", "default", PWD="/")[-1].startswith(f"cd {tmp_path} ; exec ")


def test_a_plain_instance_has_no_mounts(running: Path, tmp_path: Path) -> None:
    with_mount(running, f"location: {tmp_path}", "plain: true")

    assert ssh_args("shell", "default", PWD=str(tmp_path))[-1].startswith("false ; exec ")


def test_the_colour_of_the_terminal_is_sent_if_there_is_any(running: Path) -> None:
    assert "SendEnv=COLORTERM" not in ssh_args("shell", "default")
    assert "SendEnv=COLORTERM" in ssh_args("shell", "default", COLORTERM="truecolor")


def test_on_a_terminal_ssh_asks_for_one(running: Path) -> None:
    terminal = Terminal([sys.executable, "-P", "-m", "limavm", "shell", "default"])
    try:
        assert terminal.ended() == 0
        assert "-t" in json.loads(terminal.shown)
    finally:
        terminal.close()


def test_variables_are_passed_when_asked_for(running: Path) -> None:
    extra = {"FOO": "a b", "LIMA_SHELLENV_BLOCK": "*", "LIMA_SHELLENV_ALLOW": "FO*"}

    assert ssh_args("shell", "--preserve-env", "default", "env", **extra)[-1] == (
        "false ; exec env 'FOO=a b' /bin/bash -l -c env"
    )
    assert " env 'FOO" not in ssh_args("shell", "default", "env", **extra)[-1]


def test_a_bad_pattern_of_variables_is_an_error(running: Path) -> None:
    done = limactl_process("shell", "--preserve-env", "default", LIMA_SHELLENV_ALLOW="FO?")

    assert done.returncode == 1
    assert "'FO?'" in done.stderr


def test_an_ill_formed_ssh_variable_is_not_used(running: Path, tmp_path: Path) -> None:
    fake = tmp_path / "bin" / "ssh"
    os.symlink("my ssh", fake)

    done = limactl_process("shell", "default", SSH="'unclosed", PATH=f"{fake.parent}:{os.environ['PATH']}")

    assert done.returncode == 0
    assert "level=warning" in done.stderr


def test_an_ssh_that_is_missing_is_an_error(running: Path) -> None:
    done = limactl_process("shell", "default", SSH="/nowhere/ssh")

    assert done.returncode == 1
    assert "/nowhere/ssh" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("word", ["create", "start", "delete", "shell"])
def test_a_command_that_looks_like_one_of_limactl_is_warned_about(running: Path, word: str) -> None:
    done = limactl_process("shell", "default", word, "x")

    assert done.returncode == 0
    assert f"limactl {word} x" in done.stderr


@pytest.mark.parametrize(
    "name", ["nope", "a/b", "../default", "/", "größe", "x" * 200, "default.yaml", ".", "", "de fault", "default\n"]
)
@pytest.mark.parametrize("form", [["shell"], ["shell", "--instance"]])
def test_a_name_of_no_instance_is_an_error(limactl: Run, running: Path, form: list[str], name: str) -> None:
    done = limactl(*form, name, "true")

    assert done.code == 1
    assert done.out == ""


def test_a_missing_instance_suggests_to_create_it(limactl: Run, home: Path) -> None:
    done = limactl("shell", "nope")

    assert "there is no instance 'nope'" in done.message
    assert "limactl create --name=nope" in done.message


def test_without_an_instance_the_command_fails(limactl: Run, home: Path) -> None:
    assert limactl("shell").code == 1


def test_a_broken_configuration_is_an_error(limactl: Run, running: Path) -> None:
    (running / "lima.yaml").write_text("cpus: [\n")

    done = limactl("shell", "default", "true")

    assert done.code == 1
    assert "lima.yaml" in done.message


def test_a_stopped_instance_is_not_started_unasked(limactl: Run, home: Path) -> None:
    make_instance(home, "idle")

    for args in (["shell", "idle"], ["shell", "--start=false", "idle"], ["-y", "shell", "idle", "true"]):
        done = limactl(*args)
        assert done.code == 1
        assert "limactl start idle" in done.message


def test_on_a_terminal_it_is_asked_whether_to_start(home: Path) -> None:
    make_instance(home, "idle")
    terminal = Terminal([sys.executable, "-P", "-m", "limavm", "shell", "idle"])
    try:
        terminal.expect("(Y/n)")
        terminal.type("maybe\nNo\n")
        assert terminal.ended() == 1
        assert terminal.shown.count("(Y/n)") == 2
        assert "limactl start idle" in terminal.shown
    finally:
        terminal.close()


def test_a_port_that_is_not_known_yet_is_an_error(limactl: Run, running: Path) -> None:
    (running / "ssh.config").unlink()

    assert "port" in limactl("shell", "default").message


def test_reconnect_removes_the_socket_of_a_master_that_is_gone(running: Path) -> None:
    socket = running / "ssh.sock"
    socket.write_text("")

    done = limactl_process("shell", "--reconnect", "default")

    assert done.returncode == 0, done.stderr
    assert not socket.exists()
    assert "level=warning" in done.stderr


@pytest.mark.parametrize(
    ("args", "instance", "expected"),
    [
        (["x"], "", ("x", [])),
        (["x", "--", "ls"], "", ("x", ["ls"])),
        (["x", "--", "--", "ls"], "", ("x", ["--", "ls"])),
        (["--", "ls"], "x", ("x", ["--", "ls"])),
    ],
)
def test_the_instance_and_the_command(args: list[str], instance: str, expected: tuple[str, list[str]]) -> None:
    assert name_and_command(args, instance) == expected


def test_no_words_at_all() -> None:
    with pytest.raises(UserError):
        name_and_command([], "")
