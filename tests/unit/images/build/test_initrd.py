import lzma
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.images.build.initrd import build_initrd, cpio, module_paths

DEPENDENCIES = """\
kernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko.xz kernel/fs/mbcache.ko.xz kernel/fs/jbd2/jbd2.ko.xz
kernel/fs/jbd2/jbd2.ko.xz:
kernel/fs/mbcache.ko.xz:
kernel/lib/crc16.ko.xz:
kernel/drivers/block/virtio_blk.ko.xz:
"""


def test_modules_come_after_those_they_need() -> None:
    assert module_paths(DEPENDENCIES, ["virtio_blk", "ext4", "virtio_blk"]) == [
        "kernel/drivers/block/virtio_blk.ko.xz",
        "kernel/fs/jbd2/jbd2.ko.xz",
        "kernel/fs/mbcache.ko.xz",
        "kernel/lib/crc16.ko.xz",
        "kernel/fs/ext4/ext4.ko.xz",
    ]


def test_a_module_that_is_built_in_is_not_loaded() -> None:
    assert module_paths(DEPENDENCIES, ["virtio_pci"]) == []


def test_a_dash_in_a_file_name_is_an_underscore_in_the_name_of_a_module() -> None:
    assert module_paths("kernel/crc32c-intel.ko:\n", ["crc32c_intel"]) == ["kernel/crc32c-intel.ko"]


def test_the_archive_has_the_format_of_the_kernel() -> None:
    archive = cpio(["dev"], {"init": b"abcde"})

    assert archive.startswith(b"070701" + b"%08x%08x" % (1, 0o40755))
    assert b"init\0" in archive
    assert b"abcde\0\0\0" in archive
    assert archive.rstrip(b"\0").endswith(b"TRAILER!!!")
    assert len(archive) % 4 == 0


def tree(root: Path, module: str, data: bytes) -> str:
    base = root / "usr/lib/modules/6.1"
    (base / "kernel").mkdir(parents=True)
    (base / "modules.dep").write_text(f"kernel/{module}:\n")
    (base / "kernel" / module).write_bytes(data)
    init = root / "usr/libexec/tiny-initramfs"
    init.mkdir(parents=True)
    (init / "init-static").write_bytes(b"#init")
    return str(root)


def test_modules_are_decompressed_and_listed(tmp_path: Path) -> None:
    archive = build_initrd(tree(tmp_path, "virtio_blk.ko.xz", lzma.compress(b"ELF module")), "6.1")

    assert b"ELF module" in archive
    assert b"/virtio_blk.ko\n" in archive
    assert b"#init" in archive


def test_an_unknown_compression_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"unknown way: \.lz4"):
        build_initrd(tree(tmp_path, "virtio_blk.ko.lz4", b""), "6.1")


def test_a_tree_without_the_init_is_refused(tmp_path: Path) -> None:
    root = Path(tree(tmp_path, "virtio_blk.ko", b""))
    (root / "usr/libexec/tiny-initramfs/init-static").unlink()

    with pytest.raises(UserError, match="no init"):
        build_initrd(str(root), "6.1")
