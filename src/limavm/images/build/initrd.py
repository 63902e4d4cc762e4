"""The initial RAM disk: a C program of 30 KiB and the modules that lead to the root disk, nothing else.

The program is the init of Debian's tiny-initramfs, which loads what `/modules` lists, waits for the
root device, mounts it and hands over. Format of the archive: Documentation/driver-api/early-userspace/
buffer-format.rst in the kernel's tree. Modules go in as the kernel loads them: decompressed.
"""

import bz2
import glob
import gzip
import lzma
import os
import sys
from collections.abc import Iterable, Mapping

from limavm.errors import UserError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: What a virtio machine finds its root on; those built into the kernel cost nothing. The checksum is not among the
#: needs of ext4 that modules.dep lists, and without it ext4 is not there.
MODULES = ("virtio_pci", "virtio_mmio", "virtio_blk", "crc32c_generic", "ext4")

#: Where trixie and bookworm have it.
_INITS = ("usr/libexec/tiny-initramfs/init-static", "usr/lib/*/tiny-initramfs/init-static")
_DECOMPRESS = {".xz": lzma.decompress, ".gz": gzip.decompress, ".bz2": bz2.decompress, ".zst": zstd.decompress}
_DIRECTORY = 0o40755
_FILE = 0o100755


def build_initrd(tree: str, release: str) -> bytes:
    """The archive for the kernel `release` whose modules are in the root directory `tree`."""
    base = os.path.join(tree, "usr/lib/modules", release)
    with open(os.path.join(base, "modules.dep"), encoding="utf-8") as file:
        paths = module_paths(file.read(), MODULES)
    modules = {f"{_name(path)}.ko": _load(os.path.join(base, path)) for path in paths}
    with open(_find_init(tree), "rb") as binary:
        init = binary.read()
    listing = "".join(f"/{name}\n" for name in modules).encode()
    return cpio(("dev", "proc", "target"), {"init": init, "modules": listing, **modules})


def _find_init(tree: str) -> str:
    for pattern in _INITS:
        if found := glob.glob(pattern, root_dir=tree):
            return os.path.join(tree, found[0])
    raise UserError("the package tiny-initramfs brought no init for the initrd", where=tree)


def module_paths(dependencies: str, wanted: Iterable[str]) -> list[str]:
    """The files of modules.dep to load, in order, for the `wanted` modules that are not built in."""
    needs = {path: names.split() for path, _, names in (line.partition(":") for line in dependencies.splitlines())}
    by_name = {_name(path): path for path in needs}
    ordered: list[str] = []
    for module in wanted:
        path = by_name.get(module)
        if path:
            # modules.dep lists a module's needs from the outermost inwards.
            ordered += [name for name in (*reversed(needs[path]), path) if name not in ordered]
    return ordered


def cpio(directories: Iterable[str], files: Mapping[str, bytes]) -> bytes:
    """A `newc` archive, the same bytes for the same content."""
    members = [(name, _DIRECTORY, b"") for name in directories]
    members += [(name, _FILE, data) for name, data in files.items()]
    out = bytearray()
    for inode, (name, mode, data) in enumerate(members, start=1):
        out += _member(name, inode, mode, data)
    return bytes(out + _member("TRAILER!!!", 0, 0, b""))


def _member(name: str, inode: int, mode: int, data: bytes) -> bytes:
    path = name.encode() + b"\0"
    # ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
    numbers = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08x" % number for number in numbers) + path
    return _padded(head) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _name(path: str) -> str:
    return os.path.basename(path).partition(".ko")[0].replace("-", "_")


def _load(path: str) -> bytes:
    with open(path, "rb") as file:
        data = file.read()
    extension = os.path.splitext(path)[1]
    if extension == ".ko":
        return data
    if decompress := _DECOMPRESS.get(extension):
        return decompress(data)
    raise UserError(f"a kernel module is compressed in an unknown way: {extension}", where=path)
