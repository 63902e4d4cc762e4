"""Makes the archive of the guest agent out of the files that `agentbundle` has found.

The bytes are the same for the same files: sorted names, one time for all of them, fixed modes.
"""

import ast
import contextlib
import fnmatch
import importlib.metadata
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence

from hpack import huffman_table

#: The names of all members, for a reader that has no directory of the archive.
CONTENTS = "CONTENTS"
_HUFFMAN = "hpack/huffman_table.py"
_TABLE = "HUFFMAN_TABLE"
#: Numbers of an entry: next state, flags, symbol.
_ENTRY = 3
_LICENCES = ("LICEN[CS]E*", "NOTICE*", "COPYING*", "AUTHORS*")
_MAIN = b'''"""`install PREFIX STAMP [flags]` puts this archive on the disk; anything else is for the agent itself."""

import sys

if sys.argv[1:2] == ["install"]:
    from zipimport import zipimporter

    from limavm.guestagent.unpack import main as install

    sys.exit(install(sys.argv[2:], zipimporter(sys.argv[0]).get_data))
sys.modules["ssl"] = None
from limavm.guestagent.main import main

sys.exit(main(sys.argv[1:]))
'''


def make(sources: Mapping[str, str], distributions: Iterable[str]) -> bytes:
    """The archive of `sources` (names in it, paths here), with the licences of the distributions.

    It runs as the guest agent does, unless the sources have a `__main__.py` of their own.
    """
    return archive({"__main__.py": _MAIN, **_contents(sources), **_licences(distributions)})


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of the files, sorted, with fixed times and modes, and a list of their names."""
    names = sorted(files)
    files = {**files, CONTENTS: "".join(f"{name}\n" for name in names).encode()}
    image = io.BytesIO()
    with zipfile.ZipFile(image, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for name in sorted(files):
            member = zipfile.ZipInfo(name)  # 1980-01-01
            member.create_system = 3
            member.external_attr = 0o100644 << 16
            target.writestr(member, files[name], compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
    return image.getvalue()


def _contents(sources: Mapping[str, str]) -> dict[str, bytes]:
    files = {}
    for name, path in sources.items():
        with open(path, "rb") as file:
            files[name] = file.read()
        if name == _HUFFMAN:
            files[name] = compacted(files[name].decode(), huffman_table.HUFFMAN_TABLE).encode()
    return files


def compacted(source: str, table: Sequence[Sequence[int]]) -> str:
    """The source of `hpack.huffman_table` with its table as bytes; as it is where it looks different than expected.

    Its list of 4096 tuples takes a third of the time in which the guest compiles all that is in the archive.
    """
    found = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign | ast.AnnAssign) and _TABLE in ast.unparse(_target(node))
    ]
    entries = [number for entry in table for number in entry]
    if len(found) != 1 or any(len(entry) != _ENTRY for entry in table) or not set(entries) <= set(range(256)):
        return source
    lines = source.splitlines(keepends=True)
    literal = f"{_TABLE} = list(zip(*[iter({bytes(entries)!r})] * {_ENTRY}))\n"
    return "".join([*lines[: found[0].lineno - 1], literal, *lines[found[0].end_lineno :]])


def _target(node: ast.Assign | ast.AnnAssign) -> ast.expr:
    return node.target if isinstance(node, ast.AnnAssign) else node.targets[0]


def _licences(distributions: Iterable[str]) -> dict[str, bytes]:
    """The licence files of every distribution, as its metadata names them."""
    found: dict[str, bytes] = {}
    for name in sorted(distributions):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            for file in importlib.metadata.distribution(name).files or ():
                if "dist-info" in file.parts[0] and any(fnmatch.fnmatch(file.name, glob) for glob in _LICENCES):
                    with contextlib.suppress(OSError):
                        found[f"LICENSES/{name}/{file.name}"] = file.read_binary()
    return found
