"""CPU models of guests."""

import pytest

from limavm.driver.qemu.cpu import cpu_model, in_help
from limavm.model.arch import Arch


@pytest.mark.parametrize(
    ("arch", "accelerator", "host", "expected"),
    [
        (Arch.X86_64, "kvm", ("linux", "x86_64"), "host"),
        (Arch.X86_64, "tcg", ("linux", "x86_64"), "max"),
        (Arch.AARCH64, "tcg", ("linux", "x86_64"), "max"),
        (Arch.S390X, "tcg", ("linux", "x86_64"), "max"),
        (Arch.AARCH64, "hvf", ("darwin", "aarch64"), "host"),
        (Arch.X86_64, "hvf", ("darwin", "x86_64"), "host,-avx512vl,-pdpe1gb"),
        (Arch.X86_64, "tcg", ("darwin", "aarch64"), "max,-avx512vl,-pdpe1gb"),
        (Arch.X86_64, "whpx", ("windows", "x86_64"), "qemu64"),
        (Arch.X86_64, "tcg", ("windows", "x86_64"), "qemu64"),
        (Arch.X86_64, "tcg", ("windows", "aarch64"), "max"),
        (Arch.X86_64, "nvmm", ("netbsd", "x86_64"), "max"),
    ],
)
def test_a_guest_has_the_best_cpu_that_works(
    arch: Arch, accelerator: str, host: tuple[str, str], expected: str
) -> None:
    assert cpu_model(arch, accelerator, host_os=host[0], host_arch=host[1]) == expected


def test_a_mac_with_sme_does_not_hand_its_cpu_on() -> None:
    assert cpu_model(Arch.AARCH64, "hvf", host_os="darwin", host_arch="aarch64", sme=True) == "max"


@pytest.mark.parametrize(
    ("model", "known"), [("max", True), ("host", True), ("qemu64,+aes", True), ("cortex-a57", True), ("z80", False)]
)
def test_a_model_is_known_by_the_part_before_the_comma(model: str, known: bool) -> None:
    assert in_help(model, "  qemu64\n  cortex-a57\n") is known
