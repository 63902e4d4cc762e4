import pytest

from limavm.config.imagename import image_arch, image_name, image_os, is_image
from limavm.model.arch import Arch


@pytest.mark.parametrize(
    ("file_name", "name", "guest_os", "arch"),
    [
        (
            "FreeBSD-15.0-RELEASE-amd64-BASIC-CLOUDINIT-zfs.raw.xz",
            "freebsd-15.0-amd64-zfs",
            "FreeBSD",
            Arch.X86_64,
        ),
        ("UniversalMac_15.6.1_24G90_Restore.ipsw", "macos-15.6.1", "Darwin", Arch.AARCH64),
        ("ubuntu-24.04-server-cloudimg-arm64.img", "ubuntu-24.04-arm64", "Linux", Arch.AARCH64),
        ("rocky-8-8.10.raw", "rocky-8.10", "Linux", None),
        ("linux-20250101.0.raw", "linux", "Linux", None),
        ("arch-aarch64.raw", "archlinux-aarch64", "Linux", Arch.AARCH64),
        ("nocloud_alpine-3.21-x86_64-uefi.qcow2", "alpine-3.21", "Linux", Arch.X86_64),
        ("debian-13-generic-ppc64el-daily.qcow2", "debian-13-ppc64el", "Linux", Arch.PPC64LE),
        ("fedora-riscv64.iso.gz", "fedora-riscv64", "Linux", Arch.RISCV64),
        ("x-armhf.img.bz2", "x-armhf", "Linux", Arch.ARMV7L),
        ("x-s390x.img.zstd", "x-s390x", "Linux", Arch.S390X),
    ],
)
def test_a_file_name_tells_name_system_and_architecture(
    file_name: str, name: str, guest_os: str, arch: Arch | None
) -> None:
    assert is_image(f"https://example.com/{file_name}")
    assert image_name(file_name, "x86_64") == name
    assert image_os(file_name) == guest_os
    assert image_arch(file_name) == arch


def test_the_native_architecture_is_left_out() -> None:
    assert image_name("arch-aarch64.raw", "aarch64") == "archlinux"


@pytest.mark.parametrize("locator", ["x.yaml", "img", "x.img.zip", "x.imgs", "default", "-", "x.qcow"])
def test_other_names_are_no_images(locator: str) -> None:
    assert not is_image(locator)
