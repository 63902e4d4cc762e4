"""What a QEMU says of itself, and what is remembered of it."""

import os
from pathlib import Path

import pytest

from limavm.driver.qemu.probe import (
    Probe,
    Program,
    check_version,
    locate,
    minimum_versions,
    override_name,
    parse_semver,
    parse_version,
)
from limavm.errors import UserError
from limavm.model.arch import Arch

COUNTING = """#!/bin/sh
echo "$*" >> "$0.asked"
case "$*" in
    *accel*) echo "tcg" >&2; exit 1;;
    *) echo "QEMU emulator version 8.2.1 (Debian)";;
esac
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    path = tmp_path / "qemu"
    path.write_text(COUNTING)
    path.chmod(0o755)
    return Program(path=str(path))


def asked(program: Program) -> list[str]:
    return Path(program.path + ".asked").read_text().splitlines()


def test_the_program_is_named_after_qemus_architecture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "qemu-system-arm"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("QEMU_SYSTEM_ARM", raising=False)

    assert locate(Arch.ARMV7L) == Program(path=str(program))


def test_a_missing_program_is_an_error_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("QEMU_SYSTEM_AARCH64", raising=False)

    with pytest.raises(UserError, match="'qemu-system-aarch64' is not installed") as caught:
        locate(Arch.AARCH64)

    assert caught.value.hint
    assert "qemu" in caught.value.hint


def test_the_environment_names_another_program_with_arguments(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QEMU_SYSTEM_PPC64", f"'{program.path}' -cpu 'power 9'")

    assert locate(Arch.PPC64LE) == Program(path=program.path, leading=("-cpu", "power 9"))
    assert override_name(Arch.PPC64LE) == "QEMU_SYSTEM_PPC64"


def test_an_unclosed_quote_in_the_environment_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QEMU_SYSTEM_X86_64", "'/usr/bin/qemu")

    with pytest.raises(UserError, match="not quoted well") as caught:
        locate(Arch.X86_64)
    assert caught.value.where == "QEMU_SYSTEM_X86_64"


def test_an_answer_is_remembered_beyond_the_process(program: Program, tmp_path: Path) -> None:
    first = Probe(program, str(tmp_path / "cache"))

    assert first.version() == (8, 2, 1)
    assert first.version() == (8, 2, 1)
    assert Probe(program, str(tmp_path / "cache")).version() == (8, 2, 1)
    assert asked(program) == ["--version"]


def test_only_what_is_asked_for_is_found_out(program: Program, tmp_path: Path) -> None:
    Probe(program, str(tmp_path / "cache")).cpu_help("q35")

    assert asked(program) == ["-cpu help -machine q35"]


def test_an_answer_on_standard_error_counts(program: Program, tmp_path: Path) -> None:
    probe = Probe(program, str(tmp_path / "cache"))

    assert probe.has_accelerator("tcg")
    assert not probe.has_accelerator("kvm")


def test_a_program_that_was_replaced_is_asked_again(program: Program, tmp_path: Path) -> None:
    Probe(program, str(tmp_path / "cache")).version()
    Path(program.path).write_text(COUNTING.replace("8.2.1", "10.0.2"))

    assert Probe(program, str(tmp_path / "cache")).version() == (10, 0, 2)


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b'{"identity":["a",1,2],"texts":{"version":7}}', b"[]"])
def test_a_damaged_cache_is_ignored(program: Program, tmp_path: Path, damage: bytes) -> None:
    Probe(program, str(tmp_path / "cache")).version()
    [cached] = (tmp_path / "cache").iterdir()
    cached.write_bytes(damage)

    assert Probe(program, str(tmp_path / "cache")).version() == (8, 2, 1)


def test_a_cache_that_cannot_be_written_is_done_without(program: Program, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the directory should be")

    assert Probe(program, str(tmp_path / "cache")).version() == (8, 2, 1)


def test_a_program_that_only_fails_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "qemu"
    path.write_text("#!/bin/sh\nexit 3\n")
    path.chmod(0o755)

    with pytest.raises(UserError, match="does not answer"):
        Probe(Program(path=str(path)), str(tmp_path / "cache")).version()


def test_a_program_that_vanished_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        Probe(Program(path=str(tmp_path / "gone")), str(tmp_path))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg)\nCopyright", (7, 2, 22)),
        ("QEMU emulator version 10.1.0\n", (10, 1, 0)),
        ("QEMU emulator version 8.2\n", None),
        ("qemu 8.2.1", None),
        ("", None),
    ],
)
def test_the_version_stands_in_the_first_line(text: str, version: object) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("text", "version"),
    [("8.2.1", (8, 2, 1)), ("v9.0.0-rc1+x", (9, 0, 0)), ("8.2", None), ("8.2.1.4", None), ("", None)],
)
def test_a_minimum_is_a_semantic_version(text: str, version: object) -> None:
    assert parse_semver(text) == version


def test_an_old_qemu_is_refused_and_an_ageing_one_is_warned_of() -> None:
    with pytest.raises(UserError, match=r"QEMU 3\.1\.0 is too old"):
        check_version("qemu", (3, 1, 0), host_os="linux", host_arch="x86_64")

    assert check_version("qemu", (5, 0, 0), host_os="linux", host_arch="x86_64") == [
        "QEMU 5.0.0 is old; 6.2.0 or newer works better"
    ]
    assert check_version("qemu", (6, 2, 0), host_os="linux", host_arch="x86_64") == []


def test_a_minimum_of_the_configuration_is_kept() -> None:
    with pytest.raises(UserError, match="older than the configuration asks for"):
        check_version("qemu", (8, 2, 0), host_os="linux", host_arch="x86_64", minimum="8.2.1")

    assert check_version("qemu", (8, 2, 1), host_os="linux", host_arch="x86_64", minimum="8.2.1") == []


def test_a_version_that_is_not_told_is_a_warning_only() -> None:
    [warning] = check_version("qemu", None, host_os="linux", host_arch="x86_64", minimum="99.0.0")

    assert "does not tell its version" in warning


@pytest.mark.parametrize(
    ("host", "hard"),
    [
        (("darwin", "aarch64"), (8, 2, 1)),
        (("darwin", "x86_64"), (7, 0, 0)),
        (("windows", "x86_64"), (11, 0, 0)),
        (("netbsd", "x86_64"), (4, 0, 0)),
    ],
)
def test_each_host_has_its_oldest_qemu(host: tuple[str, str], hard: object) -> None:
    assert minimum_versions(*host)[0] == hard


@pytest.mark.skipif(not os.path.exists("/usr/bin/qemu-system-x86_64"), reason="no QEMU here")
def test_the_qemu_of_this_host_tells_its_version_and_accelerators(tmp_path: Path) -> None:
    probe = Probe(Program(path="/usr/bin/qemu-system-x86_64"), str(tmp_path))

    assert probe.version()
    assert probe.has_accelerator("tcg")
    assert "qemu64" in probe.cpu_help("q35")
