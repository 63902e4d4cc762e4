import pytest

from limavm.model.arch import Arch, arch_of_machine


@pytest.mark.parametrize(
    ("arch", "qemu", "debian", "go"),
    [
        (Arch.X86_64, "x86_64", "amd64", "amd64"),
        (Arch.AARCH64, "aarch64", "arm64", "arm64"),
        (Arch.ARMV7L, "arm", "armhf", "arm"),
        (Arch.PPC64LE, "ppc64", "ppc64el", "ppc64le"),
        (Arch.RISCV64, "riscv64", "riscv64", "riscv64"),
        (Arch.S390X, "s390x", "s390x", "s390x"),
    ],
)
def test_each_tool_has_its_name_for_an_architecture(arch: Arch, qemu: str, debian: str, go: str) -> None:
    assert (arch.qemu_name, arch.debian_name, arch.go_name) == (qemu, debian, go)


@pytest.mark.parametrize(
    ("machine", "wanted"),
    [
        ("x86_64", "x86_64"),
        ("AMD64", "x86_64"),
        ("arm64", "aarch64"),
        ("ARM64", "aarch64"),
        ("armv7l", "armv7l"),
        ("armv8l", "armv7l"),
        ("ppc64el", "ppc64le"),
        ("riscv64", "riscv64"),
        ("s390x", "s390x"),
        ("loongarch64", "loongarch64"),
        ("", ""),
    ],
)
def test_a_host_is_named_as_lima_names_it(machine: str, wanted: str) -> None:
    assert arch_of_machine(machine) == wanted
