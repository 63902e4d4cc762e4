"""What `limactl shell` knows of ssh without starting it, in an interpreter that loads next to nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from limavm.ssh.client_cache import aes_in_cpuinfo, describe, find_in_path, load_client, ssh_argv
from limavm.ssh.options import Client

#: What `list` and `shell` cannot afford to import.
HEAVY = ["asyncio", "ssl", "logging", "subprocess", "dataclasses", "pathlib", "shutil", "rich", "tempfile"]


def test_what_shell_loads_of_this_room_is_light() -> None:
    modules = "client_cache, config, identities, options, quoting"
    code = f"import sys; from limavm.ssh import {modules}; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True, text=True).stdout

    assert set(HEAVY) & set(loaded.split()) == set()


def test_a_program_is_found_as_the_system_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, mode in (("a/ssh", 0o644), ("b/ssh", 0o755), ("c/ssh", 0o755)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(mode)
    (tmp_path / "dir" / "ssh").mkdir(parents=True)
    monkeypatch.setenv("PATH", ":".join(str(tmp_path / name) for name in ("none", "dir", "a", "b", "c")))

    assert find_in_path("ssh") == str(tmp_path / "b" / "ssh")
    assert find_in_path(str(tmp_path / "c" / "ssh")) == str(tmp_path / "c" / "ssh")
    assert find_in_path(str(tmp_path / "a" / "ssh")) is None
    assert find_in_path("no-such-program") is None


def test_other_first_arguments_are_another_program(tmp_path: Path) -> None:
    (tmp_path / "ssh").write_text("")
    (tmp_path / "ssh").chmod(0o755)
    path = str(tmp_path / "ssh")

    assert describe([path], Client()) != describe([path, "-4"], Client())
    assert describe([path], Client()) == describe([path], Client())


def test_a_program_that_is_gone_is_not_known(tmp_path: Path) -> None:
    assert describe([str(tmp_path / "ssh")], Client()) is None
    assert load_client([str(tmp_path / "ssh")]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"processor : 0\nflags\t\t: fpu vme aes avx\n", True),
        (b"processor : 0\nflags\t\t: fpu vme vaes avx\n", False),
        (b"Features\t: fp asimd aes pmull\n", True),
        (b"features\t: esan3 zarch stfle msa ldisp\n", True),
        (b"isa : rv64imafdc\n", False),
        (b"", False),
    ],
)
def test_aes_is_a_word_among_the_flags_of_the_first_processor(text: bytes, expected: bool) -> None:
    assert aes_in_cpuinfo(text) is expected


def test_the_variable_ssh_names_a_program_and_its_first_arguments() -> None:
    assert ssh_argv({}) == ["ssh"]
    assert ssh_argv({"SSH": ""}) == ["ssh"]
    assert ssh_argv({"SSH": "'/my ssh' -v"}) == ["/my ssh", "-v"]
    with pytest.raises(ValueError, match="quotation"):
        ssh_argv({"SSH": "'open"})
