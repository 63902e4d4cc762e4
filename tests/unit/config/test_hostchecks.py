import errno
import os
import socket
import sys
from pathlib import Path

import pytest

from tests.unit.config.conftest import Problems, assert_problems

#: A text (an image is appended as the last line), and the problems that it has.
CASES: list[tuple[str, list[str]]] = [
    ("mounts: [{location: /etc/passwd, mountPoint: /m}]", ["1: mounts[0].location: /etc/passwd is no directory"]),
    ("provision: [{mode: ansible, playbook: /nope}]", ["1: provision[0].playbook: /nope cannot be read"]),
    ("networks: [{socket: /etc/passwd}]", ["networks[0].socket: /etc/passwd is no socket"]),
    ("networks: [{socket: /nope}]", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[case[0].replace(chr(10), " ")[:60] for case in CASES])
def test_what_stands_on_the_host_is_looked_at(problems: Problems, text: str, expected: list[str]) -> None:
    assert_problems(problems(text), expected)


@pytest.mark.parametrize("text", ["mounts: [{{location: {}, mountPoint: /m}}]", "networks: [{{socket: {}}}]"])
def test_what_exists_and_cannot_be_examined_is_a_problem(problems: Problems, tmp_path: Path, text: str) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)

    assert_problems(problems(text.format(loop)), [f"{loop} cannot be examined: {os.strerror(errno.ELOOP)}"])


def test_a_socket_is_one(problems: Problems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        pytest.skip("sockets are files on POSIX systems")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")

        assert problems(f"networks: [{{socket: {tmp_path / 's'}}}]") == []
