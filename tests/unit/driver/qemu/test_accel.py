"""Which accelerator is used, and why not the one that was expected."""

import os
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.driver.qemu.accel import AccelFacts, Decision, decide, gather, kvm_problem, shows_virtualization
from limavm.errors import UserError
from limavm.model.arch import Arch
from tests.unit.driver.qemu.machines import LINUX

AMD = "processor\t: 0\nflags\t\t: fpu svm sse2\nbugs\t\t: x\n"
PLAIN = "processor\t: 0\nflags\t\t: fpu sse2\nvmx flags\t: vnmi\n"


@pytest.mark.parametrize(
    ("host_os", "native", "expected"),
    [
        ("linux", True, "kvm"),
        ("linux", False, "tcg"),
        ("darwin", True, "hvf"),
        ("darwin", False, "tcg"),
        ("netbsd", True, "nvmm"),
        ("dragonfly", True, "nvmm"),
        ("windows", True, "whpx"),
        ("windows", False, "tcg"),
        ("plan9", True, "tcg"),
    ],
)
def test_each_host_has_its_accelerator_for_guests_of_its_own_kind(host_os: str, native: bool, expected: str) -> None:
    assert decide(AccelFacts(host_os=host_os, native=native)) == Decision(accelerator=expected)


@pytest.mark.parametrize("host_os", ["linux", "darwin"])
def test_an_accelerator_that_cannot_be_used_is_replaced_with_a_reason(host_os: str) -> None:
    facts = AccelFacts(host_os=host_os, native=True, kvm_problem="it is closed", hvf_problem="it is closed")

    decision = decide(facts)

    assert decision.accelerator == "tcg"
    assert decision.warning
    assert decision.warning.endswith("it is closed")


def test_a_forced_accelerator_is_taken_as_it_is() -> None:
    facts = AccelFacts(host_os="linux", native=False, forced="kvm", kvm_problem="it is closed")

    assert decide(facts) == Decision(accelerator="kvm")


def test_an_unknown_accelerator_is_refused() -> None:
    with pytest.raises(UserError, match="'xen' is not an accelerator") as caught:
        decide(AccelFacts(host_os="linux", native=True, forced="xen"))

    assert caught.value.where == "LIMA_QEMU_ACCEL"


def test_a_missing_device_is_named(tmp_path: Path) -> None:
    problem = kvm_problem("x86_64", str(tmp_path / "kvm"))

    assert problem
    assert problem.startswith(f"{tmp_path}/kvm does not exist")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may open everything")
def test_a_closed_device_has_the_hint_to_join_its_group(tmp_path: Path) -> None:
    device = tmp_path / "kvm"
    device.touch(mode=0o000)

    problem = kvm_problem("x86_64", str(device))

    assert problem
    assert "usermod -aG kvm" in problem


def test_a_file_that_is_no_kvm_is_not_used(tmp_path: Path) -> None:
    device = tmp_path / "kvm"
    device.touch()

    problem = kvm_problem("x86_64", str(device))

    assert problem
    assert "makes no virtual machine" in problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [(AMD, True), (AMD.replace("svm", "vmx"), True), (PLAIN, False), ("", False), ("flags: svmx\n", False)],
)
def test_only_whole_flags_of_the_cpu_count(text: str, expected: bool) -> None:
    assert shows_virtualization(text) is expected


def test_nothing_is_looked_at_for_a_foreign_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIMA_QEMU_ACCEL", raising=False)

    facts = gather(Arch.S390X, LINUX)

    assert facts == AccelFacts(host_os="linux", native=False)


def test_the_environment_forces_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMA_QEMU_ACCEL", "tcg")

    assert decide(gather(Arch.X86_64, replace(LINUX, os="darwin"))) == Decision(accelerator="tcg")
