"""What the guest of an instance is known to have of containerd: `containerd.json` in its directory.

It goes with the disk: a clone takes it along, a factory reset removes it, and whoever puts another disk in its place
forgets it (`forget`). Without it the guest is given what it may have already, and finds that out by itself.
"""

import contextlib
import hashlib
import os
from collections.abc import Sequence

import msgspec

from limavm.host import paths
from limavm.host.files import write_atomic
from limavm.model.config import Config, File
from limavm.model.value import Value


class Containerd(Value, frozen=True, kw_only=True):
    """What a guest gets, or has as soon as it is `installed`. `source` is equal for equal archives.

    `version` is the digest of an archive; empty for the packages of the distribution.
    """

    source: str
    version: str = ""
    installed: bool = False


def is_wanted(config: Config) -> bool:
    """Whether the guest is to have containerd."""
    asked = config.containerd.system or config.containerd.user
    return asked and config.os == "Linux" and not config.plain


def source_of(archives: Sequence[File]) -> str:
    """A short text for the archives of a configuration."""
    return hashlib.sha256(msgspec.json.encode([(file.location, file.digest or "") for file in archives])).hexdigest()


def load(directory: str) -> Containerd | None:
    """What is known; None when nothing is."""
    try:
        with open(_path(directory), "rb") as file:
            return msgspec.json.decode(file.read(), type=Containerd)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def save(directory: str, known: Containerd) -> None:
    """Remember it."""
    write_atomic(_path(directory), msgspec.json.encode(known) + b"\n")


def installed(directory: str) -> None:
    """Remember that the guest has now what it was to get."""
    if (known := load(directory)) and not known.installed:
        save(directory, msgspec.structs.replace(known, installed=True))


def forget(directory: str) -> None:
    """What the guest has is not known any more. Harmless when nothing was."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_path(directory))


def _path(directory: str) -> str:
    return os.path.join(directory, paths.CONTAINERD_JSON)
