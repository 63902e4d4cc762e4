import os
import sys
from pathlib import Path

import pytest

from limavm.config.urlplugin import ask
from limavm.errors import UserError


def plugin(directory: Path, script: str) -> str:
    """A plugin that is a shell script."""
    path = directory / "limactl-url-test"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_it_gets_what_stands_behind_the_colon_and_prints_a_locator(tmp_path: Path) -> None:
    assert ask(plugin(tmp_path, 'echo " template:$1 "; echo chatter >&2'), "a b'c") == "template:a b'c"


def test_it_gets_one_argument_and_nothing_to_read(tmp_path: Path) -> None:
    assert ask(plugin(tmp_path, 'cat; echo "$#"'), "--help") == "1"


def test_it_finds_the_program_and_other_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join(("/usr/bin", "/bin", "relative")))
    monkeypatch.setattr(sys, "argv", [sys.executable])

    directories = ask(plugin(tmp_path, 'echo "$PATH"'), "").split(os.pathsep)

    assert directories[-2:] == ["/usr/bin", "/bin"]
    assert len(directories) > 2


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo no such >&2; exit 3", r"limactl-url-test failed \(exit status 3\): no such\n"),
        ("exit 1", r"failed \(exit status 1\)\n"),
        ("kill -9 $$", r"failed \(killed by signal 9\)"),
        ("printf '\\377' >&2; exit 1", r"failed \(exit status 1\): \ufffd"),
        ("head -c 10000000 /dev/zero | tr '\\0' x >&2; exit 1", r"failed \(exit status 1\): x{4000}\n"),
        (":", "printed nothing"),
        ("echo; echo ' '", "printed nothing"),
        ("echo a; echo b", "printed more than one line"),
        ("printf 'a\\033[2Jb'", "or control characters"),
        ("printf 'a\\0b'", "or control characters"),
        ("printf '\\377\\376'", "not UTF-8"),
        ("head -c 10000000 /dev/zero | tr '\\0' x", "printed more than 64 KiB"),
    ],
)
def test_one_that_fails_or_prints_no_locator_is_an_error(tmp_path: Path, script: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        ask(plugin(tmp_path, script), "x")


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"did not end within 0\.2 s"):
        ask(plugin(tmp_path, "exec sleep 60"), "x", timeout=0.2)


def test_one_that_leaves_a_child_behind_is_not_waited_for(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("plugins that are scripts, and named pipes, are those of POSIX")
    os.mkfifo(tmp_path / "pipe")
    program = plugin(tmp_path, f"cat '{tmp_path}/pipe' & echo template:x")

    assert ask(program, "x") == "template:x"
    # The child ends now.
    (tmp_path / "pipe").write_bytes(b"")


def test_one_that_cannot_be_run_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "limactl-url-test"
    path.write_bytes(b"\x7fELF nothing")
    path.chmod(0o755)

    with pytest.raises(UserError, match="is not one for this system"):
        ask(str(path), "x")
    path.chmod(0o644)
    with pytest.raises(UserError, match="may not be run"):
        ask(str(path), "x")
