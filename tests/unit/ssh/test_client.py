"""The real ssh is asked, and stand-ins for others; what was found is kept until the program changes."""

import os
import shutil
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.ssh.client import client_facts, parse_version
from limavm.ssh.client_cache import cache_path, load_client
from limavm.ssh.options import Client


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))


def stand_in(path: Path, script: str) -> list[str]:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return [str(path)]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("OpenSSH_9.6p1 Ubuntu-3ubuntu13, OpenSSL 3.0.13", (9, 6, 1)),
        ("OpenSSH_9.9, LibreSSL 3.3.6", (9, 9, 0)),
        ("OpenSSH_for_Windows_8.1p1, LibreSSL 3.0.2", (8, 1, 1)),
        ("OpenSSH_10.2p1", (10, 2, 1)),
        ("command-line: line 0: Unsupported option\nOpenSSH_8.4p1", (8, 4, 1)),
        ("dropbear", (0, 0, 0)),
        ("", (0, 0, 0)),
    ],
)
def test_the_version_is_found_in_the_answer(text: str, version: tuple[int, int, int]) -> None:
    assert parse_version(text) == version


@pytest.mark.skipif(not shutil.which("ssh"), reason="needs OpenSSH")
def test_the_installed_client_is_asked_once_and_remembered() -> None:
    assert load_client(["ssh"]) is None

    found = client_facts()

    assert found.version > (6, 0, 0)
    assert load_client(["ssh"]) == found


def test_a_program_that_changes_is_asked_again(tmp_path: Path) -> None:
    argv = stand_in(tmp_path / "ssh", "echo OpenSSH_8.0p1 >&2")
    assert client_facts(argv) == Client(version=(8, 0, 1), gssapi=True)

    stand_in(tmp_path / "ssh", "echo OpenSSH_9.10p2 >&2")

    assert load_client(argv) is None
    assert client_facts(argv).version == (9, 10, 2)


def test_a_complaint_about_gssapi_means_that_it_is_not_built_in(tmp_path: Path) -> None:
    complaint = 'command-line: line 0: Unsupported option "gssapiauthentication"'
    argv = stand_in(tmp_path / "ssh", f"echo '{complaint}' >&2; echo OpenSSH_9.2p1 >&2")

    assert client_facts(argv) == Client(version=(9, 2, 1), gssapi=False)


def test_a_client_that_dies_of_the_option_is_asked_without_it(tmp_path: Path) -> None:
    argv = stand_in(tmp_path / "ssh", '[ $# = 1 ] && echo OpenSSH_7.1 || { echo "Bad option: GSSAPI"; exit 255; }')

    assert client_facts(argv) == Client(version=(7, 1, 0), gssapi=False)


def test_a_client_that_does_not_tell_is_taken_for_the_oldest_and_not_remembered(tmp_path: Path) -> None:
    argv = stand_in(tmp_path / "ssh", "echo something else")

    assert client_facts(argv) == Client()
    assert load_client(argv) is None


def test_a_missing_client_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not installed"):
        client_facts([str(tmp_path / "ssh")])


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"path": 1}'])
def test_a_broken_cache_is_as_good_as_none(content: bytes, tmp_path: Path) -> None:
    argv = stand_in(tmp_path / "ssh", "echo OpenSSH_9.2p1")
    os.makedirs(os.path.dirname(cache_path()))
    Path(cache_path()).write_bytes(content)

    assert load_client(argv) is None
    assert client_facts(argv).version == (9, 2, 1)
    assert load_client(argv) is not None
