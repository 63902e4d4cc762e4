"""`FORMAT PATH EXPRESSION`: edits the file at PATH with the expression that the file EXPRESSION holds.

A file that does not exist is made, from a null; one that the expression leaves as it is is not written. Owner and
permissions of a new file are the caller's business: it is for root alone until then. Exit status 1 with a message
tells what is wrong; the file is the old one then.
"""

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Sequence

from limavm.errors import UserError
from limavm.roundtrip.anchors import settle
from limavm.roundtrip.nodes import Document, Kind, Node
from limavm.roundtrip.write import write
from limavm.yq.context import World
from limavm.yq.evaluation import evaluate
from limavm.yq.formats import INPUT, OUTPUT, Options, decode_as, encode, name_for

#: By the end of the name, where the format is `auto`; any other is YAML.
_ENDINGS = {
    "csv": "csv",
    "ini": "ini",
    "json": "json",
    "properties": "props",
    "toml": "toml",
    "tsv": "tsv",
    "xml": "xml",
}


def main(argv: Sequence[str]) -> int:
    """Edit one file and return the exit status."""
    if len(argv) != len(("format", "path", "expression")):
        sys.stderr.write("usage: lima-yq FORMAT PATH EXPRESSION-FILE\n")
        return 2
    given, path, expression_file = argv
    try:
        expression = _read(expression_file).decode()
        before = _read(path) if os.path.lexists(path) else None
        after = edited(before, expression, format_of(given, path), path)
        if after != before:
            _replace(path, after)
    except (UserError, OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def format_of(given: str, path: str) -> str:
    """The name of the format; raises UserError for one that cannot be written, so that nobody is surprised later."""
    if given in ("", "auto", "a"):
        given = _ENDINGS.get(os.path.splitext(path)[1][1:], "yaml")
    return name_for(given, OUTPUT)


def edited(before: "bytes | None", expression: str, form: str, path: str) -> bytes:
    """The text that the expression makes of a text, or of nothing. YAML keeps its layout. Raises UserError."""
    if before is None:
        documents = [Document(root=Node(kind=Kind.SCALAR))]
    else:
        documents = decode_as(before, name_for(form, INPUT), path, Options()) or [Document()]
    results = evaluate(expression, documents, world=World(environ=os.environ, load=_loaded, clock=time.time))
    for result in results:
        if result.root is not None:
            settle(result.root)
    collections = all(result.root is not None and result.root.kind is not Kind.SCALAR for result in results)
    if form == "yaml" and collections and before is not None:
        return write(results).encode()
    return encode(results, form).encode("utf-8", "surrogateescape")


def _loaded(path: str) -> bytes:
    try:
        return _read(path)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _replace(path: str, content: bytes) -> None:
    """Put the content in the place of a file, whose owner, mode and attributes stay; of a link, where it points."""
    path = os.path.realpath(path)
    partial = f"{path}.lima-yq"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(content)
            if os.path.exists(path):
                _keep_attributes(path, partial)
            file.flush()
            os.fsync(descriptor)
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)
        raise


def _keep_attributes(path: str, partial: str) -> None:
    status = os.stat(path)
    if sys.platform != "win32":
        os.chown(partial, status.st_uid, status.st_gid)
    shutil.copystat(path, partial)  # extended attributes too: SELinux's
    os.utime(partial)
