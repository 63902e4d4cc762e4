import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.host import process
from limavm.host.process import ProcessError


def sh(script: str, *argv: str) -> list[str]:
    return ["sh", "-c", script, "sh", *argv]


def test_standard_output_is_returned() -> None:
    assert process.run(sh('printf "%s|" "$@"', "a b", "$x;", "")) == b"a b|$x;||"


def test_standard_input_is_what_was_given() -> None:
    assert process.run(["cat"]) == b""
    assert process.run(["cat"], stdin=b"in\0put") == b"in\0put"


def test_the_environment_is_what_was_given() -> None:
    assert process.run(["/usr/bin/env"], env={"A": "b"}) == b"A=b\n"


def test_a_failure_quotes_the_end_of_standard_error() -> None:
    with pytest.raises(ProcessError) as caught:
        process.run(sh("printf 'x%.0s' $(seq 9000) >&2; echo the reason >&2; exit 3"))

    assert caught.value.status == 3
    assert caught.value.message.startswith("sh failed (exit status 3): ")
    assert caught.value.message.endswith("the reason")
    assert len(caught.value.message) < 4100
    assert caught.value.where
    assert caught.value.where.startswith("sh -c 'printf")


def test_a_signal_is_told_from_an_exit_status() -> None:
    with pytest.raises(ProcessError, match="killed by signal 9") as caught:
        process.run(sh("kill -9 $$"))

    assert caught.value.status == -9


def test_undecodable_errors_are_quoted_all_the_same() -> None:
    with pytest.raises(ProcessError, match="exit status 1"):
        process.run(sh(r"printf '\377' >&2; exit 1"))


def test_a_program_that_takes_too_long_is_killed() -> None:
    with pytest.raises(UserError, match=r"sleep did not end within 0.05 s"):
        process.run(["sleep", "60"], timeout=0.05)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("mmdebstrap", "mmdebstrap"),
        ("qemu-img", "qemu-utils"),
        ("qemu-system-x86_64", "qemu-system-x86"),
        ("ssh", "openssh-client"),
        ("/usr/bin/ssh-keygen", "openssh-client"),
        ("swtpm", "swtpm"),
    ],
)
@pytest.mark.skipif(sys.platform == "darwin", reason="Homebrew has other names")
def test_a_missing_program_names_its_package(name: str, package: str) -> None:
    assert process.missing_program(name).hint == f"install it: sudo apt-get install {package} (on Debian and Ubuntu)"


@pytest.mark.parametrize("name", ["no-such-program", "/no/such/program", "/etc/passwd/x"])
def test_a_missing_program_is_an_error_of_the_user(name: str, tmp_path: Path) -> None:
    for start in (
        lambda: process.run([name]),
        lambda: process.interactive([name]),
        lambda: process.detached([name], stdout=str(tmp_path / "o"), stderr=str(tmp_path / "e")),
        lambda: process.spawned([name]).__enter__(),
        lambda: process.ensure_program(name),
    ):
        with pytest.raises(UserError, match="is not installed"):
            start()


def test_a_file_that_is_no_program_is_an_error_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"\0\1\2")

    with pytest.raises(UserError, match="may not be run"):
        process.run([str(tmp_path / "data")])

    (tmp_path / "data").chmod(0o700)
    with pytest.raises(UserError, match="not one for this system"):
        process.run([str(tmp_path / "data")])


def test_programs_are_found_in_system_directories_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert process.find_program("sh") is None
    assert process.find_program("no-such-program") is None
    if os.path.exists("/usr/sbin/chroot"):
        assert process.find_program("chroot") == "/usr/sbin/chroot"


def test_an_interactive_program_gives_its_exit_code() -> None:
    assert process.interactive(sh("exit 7")) == 7
    assert process.interactive(sh("kill -9 $$")) == 255
    assert process.interactive(sh('exit "$CODE"'), env={"CODE": "5", "PATH": os.environ["PATH"]}) == 5


def test_a_detached_program_has_a_session_and_files_of_its_own(tmp_path: Path) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    out.write_text("before\n")

    child = process.detached(sh("echo out; echo err >&2; cat; echo end"), stdout=str(out), stderr=str(err))

    if sys.platform != "win32":
        assert os.getsid(child.pid) == child.pid
    assert child.wait(10) == 0
    assert (out.read_text(), err.read_text()) == ("before\nout\nend\n", "err\n")


def test_a_spawned_program_ends_with_its_context() -> None:
    with process.spawned(["sleep", "60"]) as child:
        assert child.poll() is None

    assert child.returncode == -signal.SIGTERM


def test_a_spawned_program_ends_on_an_error_too() -> None:
    started = []

    def fail() -> None:
        with process.spawned(["sleep", "60"]) as child:
            started.append(child)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()

    assert started[0].returncode == -signal.SIGTERM


def test_a_program_that_ignores_us_is_killed() -> None:
    with process.spawned(sh("trap '' TERM; echo; exec sleep 60"), stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        process.end(child, grace=0.05)

    assert child.returncode == -9


def test_ending_twice_is_harmless() -> None:
    with process.spawned(["true"]) as child:
        process.end(child)
        process.end(child)

    assert child.returncode in (0, -signal.SIGTERM)
