"""Puts the agent on the guest's disk: `install PREFIX STAMP [flags of the service]`, run out of the bundle.

Importing the agent from the bundle compiles all of it each time, which is seconds in an emulated guest. So its files
are unpacked once below PREFIX/lib/lima-guestagent, in a directory named by the first word of STAMP (the digest of the
bundle), and compiled there; PREFIX/bin/lima-guestagent starts them. STAMP is written when everything is in place:
the boot scripts compare it, and come here again when it is another one. A guest that is switched off at any moment
has the old agent, or the new one, or one that the next boot installs again.
"""

import contextlib
import importlib.util
import marshal
import os
import sys
from collections.abc import Callable, Iterator, Sequence

from limavm.guestagent import install

if sys.platform != "win32":
    import fcntl

_LOWEST = 19
_LAUNCHER = """\
#!{python} -IS
import gc
import sys

sys.path.insert(0, {directory!r})
# Nothing here is encrypted, and asyncio does without; loading OpenSSL is a tenth of the time in which we start.
sys.modules["ssl"] = None
# What is loaded stays, so looking for garbage in it is in vain, now and later.
gc.disable()
from limavm.guestagent.main import main

gc.freeze()
gc.enable()
sys.exit(main(sys.argv[1:]))
"""


def main(argv: "Sequence[str]", read: "Callable[[str], bytes]") -> int:
    """Install, start the service, and return its status; `read` gives the files of the bundle."""
    if sys.platform == "win32" or len(argv) < 2:
        sys.stderr.write(f"usage: {install.NAME} install PREFIX STAMP [flags of install-systemd]\n")
        return 2
    os.umask(0o022)  # root runs what we write: nobody else may change it, whoever has started us
    prefix, stamp, *flags = argv

    def start(agent: install.Service) -> int:
        return install.install(agent, "", install.run_program)

    return put(prefix, stamp, flags, read, start, niceness=_LOWEST)


def put(
    prefix: str,
    stamp: str,
    flags: "Sequence[str]",
    read: "Callable[[str], bytes]",
    start: "Callable[[install.Service], int]",
    *,
    niceness: int = 0,
) -> int:
    """Put the agent below `prefix` unless it is there, `start` its service, and note it; the status of the start."""
    home, program = f"{prefix}/lib/{install.NAME}", f"{prefix}/bin/{install.NAME}"
    agent = install.service(program, [*flags, "--guestagent-updated"])
    digest = stamp.split()[0]
    directory = f"{home}/{digest[:16]}"
    with _alone_in(home):
        if not _has(f"{home}/installed", digest):
            with _patience(niceness):
                unpack(directory, read)
        write_launcher(program, sys.executable, directory)
        status = start(agent)
        if sys.platform != "win32":
            os.sync()
        _write(f"{home}/installed", f"{stamp}\n".encode(), 0o644)
        _remove_others(home, os.path.basename(directory))
    return status


@contextlib.contextmanager
def _alone_in(directory: str) -> "Iterator[None]":
    """Wait until nobody else installs there: `limactl guest-install` may come while the guest boots."""
    os.makedirs(directory, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        if sys.platform != "win32":
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _patience(niceness: int) -> "Iterator[None]":
    """The rest of the boot is waited for, we are not; but what we start then is no slower than others (OpenRC's)."""
    if sys.platform == "win32":
        yield
        return
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.nice(niceness)
    try:
        yield
    finally:
        with contextlib.suppress(PermissionError):  # root in a container
            os.setpriority(os.PRIO_PROCESS, 0, before)


def _has(path: str, digest: str) -> bool:
    """Whether what is installed is of that bundle, so that only the service may differ."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().split()[:1] == [digest]
    except (OSError, UnicodeDecodeError):
        return False


def unpack(directory: str, read: "Callable[[str], bytes]") -> None:
    """Write every file that the bundle holds to a new directory, and compile those of Python."""
    _remove(directory)
    for name in read("CONTENTS").decode().splitlines():
        path = f"{directory}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        source = read(name)
        with open(path, "wb") as file:
            file.write(source)
        if name.endswith(".py"):
            _compile(source, path)


def _compile(source: bytes, path: str) -> None:
    """Write what the import of the file looks for: magic number, no flags, its time and size, code."""
    try:
        code = compile(source, path, "exec", dont_inherit=True)
    except SyntaxError:  # a file for newer versions of Python, which this one is not going to import
        return
    cached = importlib.util.cache_from_source(path)
    os.makedirs(os.path.dirname(cached), exist_ok=True)
    header = (0, int(os.stat(path).st_mtime), len(source))
    with open(cached, "wb") as file:
        file.write(importlib.util.MAGIC_NUMBER + b"".join((n & 0xFFFFFFFF).to_bytes(4, "little") for n in header))
        file.write(marshal.dumps(code))


def write_launcher(program: str, python: str, directory: str) -> None:
    """Write the program that starts what was unpacked: nothing else is imported, whatever the environment says."""
    os.makedirs(os.path.dirname(program), exist_ok=True)
    _write(program, _LAUNCHER.format(python=python, directory=directory).encode(), 0o755)


def _write(path: str, content: bytes, mode: int) -> None:
    partial = f"{path}.tmp"
    with open(partial, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(partial, mode)
    os.replace(partial, path)


def _remove_others(home: str, kept: str) -> None:
    for name in os.listdir(home):
        if name not in (kept, "installed"):
            _remove(f"{home}/{name}")


def _remove(path: str) -> None:
    """Remove a file or a directory with all that is in it, if it is there; links are not followed."""
    if os.path.isdir(path) and not os.path.islink(path):
        for name in os.listdir(path):
            _remove(f"{path}/{name}")
        os.rmdir(path)
    elif os.path.lexists(path):
        os.unlink(path)
