"""What is known of the installed ssh without starting it: for `limactl shell`, which has no time to ask.

`client` asks the program and writes the file that is read here. An entry counts while path, size and
modification time of the program are the same, so an upgrade is noticed.
"""

import os
import shlex
import sys
from collections.abc import Mapping

import msgspec

from limavm.host.paths import cache_dir
from limavm.model.value import Value
from limavm.ssh.options import Client

#: Enough for the first processor of /proc/cpuinfo; the file as a whole takes milliseconds on large machines.
_FIRST_PROCESSOR = 8192


class Entry(Value, frozen=True, kw_only=True):
    """One probed program."""

    path: str
    size: int
    mtime_ns: int
    client: Client


def cache_path() -> str:
    """The file of the last probe."""
    return os.path.join(cache_dir(), "ssh-client.json")


def load_client(argv: list[str]) -> Client | None:
    """What was found out about the program of `argv`; None when it has to be asked (again)."""
    try:
        with open(cache_path(), "rb") as file:
            entry = msgspec.json.decode(file.read(), type=Entry)
    except (OSError, msgspec.DecodeError):
        return None
    return entry.client if entry == describe(argv, entry.client) else None


def describe(argv: list[str], client: Client) -> Entry | None:
    """The cache entry for a program as it is on the disk now; None when it is not found."""
    path = find_in_path(argv[0])
    if path is None:
        return None
    try:
        status = os.stat(path)
    except OSError:
        return None
    return Entry(path=" ".join([path, *argv[1:]]), size=status.st_size, mtime_ns=status.st_mtime_ns, client=client)


def find_in_path(program: str) -> str | None:
    """The executable that the system would start for `program` (shutil.which is too slow to import)."""
    if os.path.dirname(program):
        return program if os.access(program, os.X_OK) else None
    suffixes = (".exe", "") if sys.platform == "win32" else ("",)
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        for suffix in suffixes:
            path = os.path.join(directory, program + suffix)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return path
    return None


def ssh_argv(environment: Mapping[str, str]) -> list[str]:
    """The program of `limactl shell`, with its first arguments: `$SSH`, else `ssh`.

    Raises ValueError with the reason when `$SSH` is not a well-formed command line.
    """
    return shlex.split(environment.get("SSH", "")) or ["ssh"]


def has_aes() -> bool:
    """Whether the processor computes AES itself; then it is the quickest cipher."""
    if sys.platform == "linux":
        try:
            with open("/proc/cpuinfo", "rb", buffering=0) as file:
                return aes_in_cpuinfo(file.read(_FIRST_PROCESSOR))
        except OSError:
            return False
    # Every Mac since 2010 and every processor that Windows 11 runs on has it.
    return sys.platform in ("darwin", "win32")


def aes_in_cpuinfo(text: bytes) -> bool:
    """Whether the flags in a `/proc/cpuinfo` name AES (x86 `flags`, ARM `Features`, s390x `features`)."""
    for line in text.splitlines():
        key, _, flags = line.partition(b":")
        if key.strip().lower() in (b"flags", b"features"):
            words = flags.split()
            return b"aes" in words or b"msa" in words  # msa: the cryptographic instructions of s390x
    return False
