"""spec/cli.md 8: which program `limactl copy` becomes, and with which command line."""

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.host import pidfile
from tests.unit.cli.harness import Run, Terminal, limactl_process, make_identity, make_instance

#: Stands for ssh, scp and rsync: tells its arguments, and ends with the code of $CODE.
#: As ssh it is asked whether the guest has rsync, and answers with $GUEST_RSYNC.
PROGRAM = f"""#!{sys.executable}
import json, os, sys
name = os.path.basename(sys.argv[0])
if "-V" in sys.argv:
    print(os.environ.get("OPENSSH", "OpenSSH_9.2p1 Debian"), file=sys.stderr)
elif "--version" in sys.argv:
    print(os.environ.get("RSYNC", "rsync  version 3.2.7  protocol version 31"))
elif name == "ssh":
    with open(os.environ["ASKED"], "a") as file:
        file.write(json.dumps(sys.argv[1:]) + "\\n")
    sys.exit(int(os.environ.get("GUEST_RSYNC", "0")))
else:
    print(json.dumps([name, *sys.argv[1:]]))
    sys.exit(int(os.environ.get("CODE", "0")))
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of all programs that there are."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in ("ssh", "scp", "rsync"):
        program = directory / name
        program.write_text(PROGRAM)
        program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    monkeypatch.chdir(tmp_path)
    return directory


@pytest.fixture
def running(home: Path, programs: Path) -> Iterator[None]:
    """The instances `one` and `two` with host agents, as far as their PID files tell."""
    make_identity(home)
    directories = [make_instance(home, name) for name in ("one", "two")]
    for port, directory in enumerate(directories, 60001):
        (directory / "ssh.config").write_text(f"Host x\n  Port {port}\n")
    with pidfile.held(str(directories[0] / "ha.pid")), pidfile.held(str(directories[1] / "ha.pid")):
        yield


def argv_of(*args: str, **extra: str) -> list[str]:
    done = limactl_process("copy", *args, **extra)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def after_options(argv: list[str]) -> list[str]:
    """What follows the options of ssh."""
    rest = argv[3:]
    while rest[0] == "-o":
        del rest[:2]
    return rest


def test_rsync_copies_when_host_and_guest_have_it(running: None, home: Path) -> None:
    argv = argv_of("x", "one:/tmp/y")

    assert argv[:4] == ["rsync", "-a", "-q", "-e"]
    assert argv[5:] == ["--", "x", "me@127.0.0.1:/tmp/y".replace("me", argv[-1].partition("@")[0])]
    assert argv[4].startswith(f"ssh -F /dev/null -o 'IdentityFile=\"{home}/_config/user\"' -o ")
    assert f"'ControlPath=\"{home}/one/ssh.sock\"'" in argv[4]
    assert argv[4].endswith(" -p 60001")


def test_the_guest_is_asked_for_rsync(running: None, tmp_path: Path) -> None:
    argv_of("x", "one:")

    question = json.loads((tmp_path / "asked").read_text())

    assert question[-1] == "command -v rsync >/dev/null 2>&1"
    assert question[-2].endswith("@127.0.0.1")
    assert question[-4:-2] == ["-p", "60001"]


@pytest.mark.parametrize("status", ["1", "127", "255"])
def test_scp_copies_when_the_guest_has_no_rsync(running: None, home: Path, status: str) -> None:
    argv = argv_of("x", "one:/tmp/y", GUEST_RSYNC=status)

    assert argv[:3] == ["scp", "-F", "/dev/null"]
    assert f'ControlPath="{home}/one/ssh.sock"' in argv
    assert after_options(argv)[:4] == ["-q", "-3", "--", "x"]
    assert argv[-1].endswith("@127.0.0.1:60001//tmp/y")


def test_scp_copies_when_the_host_has_no_rsync(running: None, programs: Path, tmp_path: Path) -> None:
    (programs / "rsync").unlink()

    assert argv_of("x", "one:")[0] == "scp"
    assert not (tmp_path / "asked").exists()


def test_scp_copies_from_one_instance_to_another_without_what_belongs_to_one(running: None, tmp_path: Path) -> None:
    argv = argv_of("-r", "one:a", "two:b")

    options = [argv[index + 1] for index, word in enumerate(argv) if word == "-o"]

    assert after_options(argv)[:4] == ["-q", "-r", "-3", "--"]
    assert [path.rpartition(":")[2] for path in argv[-2:]] == ["60001/a", "60002/b"]
    assert not any(option.startswith(("User=", "Control")) for option in options)
    assert not (tmp_path / "asked").exists()


def test_two_paths_of_one_instance_share_its_connection(running: None, home: Path) -> None:
    assert f'ControlPath="{home}/one/ssh.sock"' in argv_of("one:a", "one:b")


@pytest.mark.parametrize("flags", [["-v"], ["--verbose"], ["--debug"]])
def test_a_verbose_copy_tells_what_it_does(running: None, flags: list[str]) -> None:
    assert argv_of(*flags, "x", "one:")[1:4] == ["-a", "-v", "--progress"]
    assert "-v" in argv_of(*flags, "--backend=scp", "x", "one:")


def test_an_archive_is_recursive_and_keeps_times_with_scp_too(running: None) -> None:
    assert argv_of("-a", "dir", "one:/tmp/")[1:4] == ["-a", "-q", "-r"]
    assert after_options(argv_of("-a", "--backend=scp", "dir", "one:"))[:4] == ["-q", "-r", "-p", "-3"]


def test_slashes_of_a_recursive_rsync_are_changed_for_directories_only(running: None, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dir").mkdir()

    assert argv_of("-r", "dir", "one:/tmp/new")[-2] == "dir/"
    assert argv_of("-r", "dir", "one:/tmp/")[-2] == "dir"
    assert argv_of("-r", "file", "one:/tmp/new")[-2:][0] == "file"


def test_a_line_break_is_kept_from_the_guests_shell(running: None) -> None:
    assert "-s" in argv_of("x", "one:a\nb")
    assert "-s" not in argv_of("x", "one:a\nb", RSYNC="rsync  version 3.1.3  protocol version 31")


def test_an_old_openssh_is_given_the_port_by_a_flag(running: None) -> None:
    argv = argv_of("--backend=scp", "x", "one:/y", OPENSSH="OpenSSH_7.9p1")

    assert after_options(argv)[:5] == ["-q", "-P", "60001", "-3", "--"]
    assert argv[-1].endswith("@127.0.0.1:/y")


def test_an_old_openssh_cannot_copy_from_one_instance_to_another(running: None) -> None:
    done = limactl_process("copy", "one:a", "two:b", OPENSSH="OpenSSH_7.9p1")

    assert done.returncode == 1
    assert "8.0" in done.stderr


def test_ssh_may_be_another_program_with_arguments(running: None, programs: Path) -> None:
    (programs / "ssh").rename(programs / "my ssh")

    argv = argv_of("x", "one:", SSH=f"'{programs}/my ssh' --first")

    assert argv[4].startswith(f"'{programs}/my ssh' --first -F /dev/null")


@pytest.mark.parametrize("code", ["1", "23", "255"])
@pytest.mark.parametrize("backend", ["rsync", "scp"])
def test_the_exit_code_is_that_of_the_program(running: None, backend: str, code: str) -> None:
    done = limactl_process("copy", f"--backend={backend}", "x", "one:", CODE=code)

    assert done.returncode == int(code)
    assert done.stderr == ""


def test_on_a_terminal_the_progress_is_shown(running: None) -> None:
    for flags, shown in (([], True), (["--progress=false"], False), (["--tty=false"], False)):
        terminal = Terminal([sys.executable, "-P", "-m", "limavm", "copy", *flags, "x", "one:"])
        try:
            assert terminal.ended() == 0
            assert ("--info=progress2" in terminal.shown) is shown
        finally:
            terminal.close()


def test_an_old_rsync_shows_no_progress(running: None) -> None:
    assert "-q" in argv_of("--progress", "x", "one:", RSYNC="rsync  version 2.6.9  protocol version 29")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--backend=ftp", "x", "one:"], "auto, rsync, scp"),
        (["--backend=rsync", "one:a", "two:b"], "one instance"),
        (["--backend=rsync", "one:a", "two:b", "here"], "one instance"),
        (["x", "nope:"], "limactl create --name=nope"),
        (["x", "a b:"], "./a b:"),
        (["x", ":y"], "./:y"),
    ],
)
def test_what_cannot_be_copied_is_said_with_a_way_out(running: None, args: list[str], words: str) -> None:
    done = limactl_process("copy", *args)

    assert done.returncode == 1
    assert words in done.stderr
    assert done.stdout == ""


def test_rsync_that_was_asked_for_must_be_there(running: None, programs: Path) -> None:
    assert "no rsync in the instance" in limactl_process("copy", "--backend=rsync", "x", "one:", GUEST_RSYNC="1").stderr
    assert "cannot reach" in limactl_process("copy", "--backend=rsync", "x", "one:", GUEST_RSYNC="255").stderr
    (programs / "rsync").unlink()
    assert "install rsync" in limactl_process("copy", "--backend=rsync", "x", "one:").stderr


def test_a_host_without_any_program_is_told_which_to_install(running: None, programs: Path) -> None:
    (programs / "rsync").unlink()
    (programs / "scp").unlink()

    assert "openssh-client" in limactl_process("copy", "x", "one:").stderr


def test_a_stopped_instance_is_to_be_started_first(limactl: Run, home: Path, programs: Path) -> None:
    make_instance(home, "dev")

    done = limactl("cp", "x", "dev:")

    assert done.code == 1
    assert "limactl start dev" in done.message


def test_a_configuration_that_is_wrong_is_told(limactl: Run, home: Path, programs: Path) -> None:
    (make_instance(home, "dev") / "lima.yaml").write_text("cpus: many\n")

    assert "configuration of the instance 'dev' is wrong" in limactl("cp", "x", "dev:").message


def test_a_file_of_the_host_may_have_a_colon_in_its_name(running: None) -> None:
    assert argv_of("./a:b", "one:c:d")[-2:][0] == "./a:b"


def test_without_an_instance_no_ssh_is_needed(home: Path, programs: Path) -> None:
    assert argv_of("x", "./y") == ["rsync", "-a", "-q", "--", "x", "./y"]
    (programs / "rsync").unlink()
    assert argv_of("x", os.curdir) == ["scp", "-F", "/dev/null", "-q", "-3", "--", "x", "."]
