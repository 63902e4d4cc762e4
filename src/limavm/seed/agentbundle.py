"""The guest agent as one file: our two rooms and the libraries they need, as pure Python, in a zip archive.

The libraries are taken from what is installed here; nothing is downloaded, and nothing compiled is taken along,
because the guest may have another processor and another Python. Python runs the archive as it is; its own
`install` puts it on the guest's disk (`limavm.guestagent.unpack`). Which files are needed was measured; the tests
run the agent from the archive and nothing else, so that a release of a library that needs more is noticed.

The archive is kept in the cache, because a start shall not wait for it; `agentarchive` is loaded when it is made anew.
"""

import contextlib
import fnmatch
import hashlib
import importlib.util
import os
from collections.abc import Iterator, Sequence, Set

from limavm.errors import UserError
from limavm.host import paths
from limavm.host.files import sweep, write_atomic
from limavm.model.value import Value

#: Changed when this module makes another archive of the same files.
_REVISION = 3


class Part(Value, frozen=True, kw_only=True):
    """A package of an installed distribution, without the files that match `left_out` (paths inside it)."""

    package: str
    distribution: str
    left_out: tuple[str, ...] = ()


PARTS = (
    # Without the client's side.
    Part(
        package="limavm.wire",
        distribution="limavm",
        left_out=("channel.py", "guestservice_pb2.py", "messages.py", "service.py"),
    ),
    Part(package="limavm.guestagent", distribution="limavm", left_out=("messages.py", "multidict.py")),
    Part(
        package="grpclib",
        distribution="grpclib",
        left_out=("client.py", "testing.py", "channelz/*", "health/*", "plugin/*", "reflection/*"),
    ),
    Part(package="h2", distribution="h2"),
    Part(package="hpack", distribution="hpack"),
    Part(package="hyperframe", distribution="hyperframe"),
)

#: Files of `limavm.guestagent` that are in the archive under other names, each in place of what is slow to load.
STAND_INS = {"limavm/wire/messages.py": "messages.py", "multidict.py": "multidict.py"}


def bundle() -> bytes:
    """The archive, from the cache if nothing of what it is made of has changed since.

    Raises UserError when a library is not installed as files.
    """
    return cached("guestagent", files(), {part.distribution for part in PARTS})


def cached(kind: str, found: dict[str, str], distributions: Set[str]) -> bytes:
    """The archive of the files that were `found`, kept in the cache under the name of its kind."""
    directory = os.path.join(paths.cache_dir(), kind)
    path = os.path.join(directory, f"{_key(found)}.zip")
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read()
    from limavm.seed.agentarchive import make

    content = make(found, distributions)
    with contextlib.suppress(OSError):  # without a cache it is only slower
        os.makedirs(directory, mode=0o700, exist_ok=True)
        sweep(directory, "*.zip")
        write_atomic(path, content, 0o600)
    return content


def sources(parts: Sequence[Part]) -> Iterator[tuple[str, str]]:
    """Every file of Python to take along: its name in the archive and its path here.

    Raises UserError when a package is not installed as files.
    """
    for part in parts:
        root = directory_of(part.package)
        prefix = part.package.replace(".", "/")
        for name in _python_files(root):
            if not any(fnmatch.fnmatch(name, pattern) for pattern in part.left_out):
                yield f"{prefix}/{name}", os.path.join(root, *name.split("/"))


def files() -> dict[str, str]:
    """Every file of Python in the archive: its name there and its path here."""
    ours = os.path.dirname(directory_of("limavm.wire"))
    found = {**dict(sources(PARTS)), "limavm/__init__.py": os.path.join(ours, "__init__.py")}
    return found | {name: os.path.join(ours, "guestagent", file) for name, file in STAND_INS.items()}


def directory_of(package: str) -> str:
    """Where an installed package is, without importing it; raises UserError when it is not there as files."""
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    for place in places:
        if os.path.isdir(place):
            return place
    raise UserError(
        f"the Python package {package!r}, which the guest agent needs, is not installed as files",
        hint="install limavm with its dependencies again",
    )


def _python_files(root: str, prefix: str = "") -> Iterator[str]:
    with os.scandir(os.path.join(root, prefix)) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _python_files(root, f"{name}/")
        elif name.endswith(".py"):
            yield name


def _key(sources: dict[str, str]) -> str:
    """What tells one state of the files from another without reading them."""
    digest = hashlib.sha256(f"{_REVISION}".encode())
    for name, path in sources.items():
        status = os.stat(path)
        digest.update(f"{name}\0{path}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ino}\n".encode())
    return digest.hexdigest()[:32]
