"""The steps of a start that need no waiting."""

from pathlib import Path

import pytest

from limavm.driver import PortTakenError
from limavm.driver.qemu.launch import early_end, last_words, plan
from limavm.model.machine import Share
from tests.unit.driver.qemu.machines import LINUX, a_machine, install_fake_qemu


def test_a_plan_says_what_is_started_and_what_was_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = install_fake_qemu(tmp_path, monkeypatch)
    monkeypatch.setenv("QEMU_SYSTEM_X86_64", f"'{program}' -m 512")

    found = plan(a_machine(directory=str(tmp_path), legacy_bios=True), LINUX, "tcg")

    assert found.argv[:3] == (program, "-m", "512")
    assert found.accelerator == "tcg"
    assert found.warnings[-1] == "QEMU's own arguments replace these of the machine: -m"


@pytest.mark.parametrize(
    "words",
    [
        "qemu-system-x86_64: -netdev user,id=net0: Could not set up host forwarding rule 'tcp:127.0.0.1:60022-:22'",
        "qemu-system-arm: could not set up host forwarding rule 'tcp:127.0.0.1:60022-:22'\nbye",
    ],
)
def test_a_port_that_was_taken_is_told_apart(tmp_path: Path, words: str) -> None:
    (tmp_path / "qemu.log").write_text(words)

    assert isinstance(early_end(a_machine(directory=str(tmp_path)), 1), PortTakenError)


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ("qemu: no memory\n", 1, "QEMU ended at once (exit status 1): qemu: no memory"),
        (
            "qemu: -display vnc=:1: Address already in use",
            1,
            "QEMU ended at once (exit status 1): qemu: -display vnc=:1: Address already in use",
        ),
        ("", -9, "QEMU ended at once (signal 9) and said nothing"),
    ],
)
def test_any_other_end_quotes_qemu(tmp_path: Path, words: str, status: int, message: str) -> None:
    (tmp_path / "qemu.log").write_text(words)

    error = early_end(a_machine(directory=str(tmp_path)), status)

    assert error.message == message
    assert error.where == f"{tmp_path}/qemu.log"


def test_only_the_end_of_a_long_log_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "qemu.log").write_bytes(b"\xff" + b"noise\n" * 10_000 + b"the end\n")

    words = last_words(a_machine(directory=str(tmp_path)))

    assert words.endswith("the end")
    assert len(words) <= 4000


def test_a_qemu_without_a_log_said_nothing(tmp_path: Path) -> None:
    assert last_words(a_machine(directory=str(tmp_path))) == ""


def test_the_words_of_a_virtiofsd_that_was_no_use_belong_to_the_error(tmp_path: Path) -> None:
    (tmp_path / "qemu.log").write_text("qemu: vhost_backend_init failed\n")
    (tmp_path / "virtiofsd-0.log").write_text("virtiofsd: no such option\n")
    machine = a_machine(directory=str(tmp_path), share_type="virtiofs", shares=(Share(tag="a", location="/"),))

    assert "virtiofsd: no such option" in early_end(machine, 1).message
