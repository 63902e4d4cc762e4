"""`mounts.json`: what `limactl mount` and `umount` have changed in this run, for an agent that takes it over.

A run is known by its boot token: what an earlier run had added is not mounted again.
"""

import logging
import os

import msgspec

from limavm.host.files import write_atomic
from limavm.model.config import Mount
from limavm.model.value import Value

log = logging.getLogger(__name__)

#: No record of ours is longer.
_LONGEST = 8 << 20


class Added(Value, frozen=True, kw_only=True):
    """A mount that is not of the configuration, and the type by which it came to the guest."""

    mount: Mount
    type: str


class Changes(Value, frozen=True, kw_only=True):
    """How the mounts differ from those of the configuration; `removed` are mount points.

    `exposed`: directories of the host that were added writable, also those that were taken away again: the guest may
    have left links there (`store.hostcopies`).
    """

    boot_token: str
    added: tuple[Added, ...] = ()
    removed: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()


class Record:
    """The file of one run; an empty path keeps nothing."""

    def __init__(self, path: str, boot_token: str) -> None:
        self._path = path
        self._boot_token = boot_token

    def load(self) -> Changes:
        """What the agent before us has recorded in this run; nothing if there is no such file, or it is damaged."""
        nothing = Changes(boot_token=self._boot_token)
        try:
            with open(self._path, "rb") as file:
                found = msgspec.json.decode(file.read(_LONGEST), type=Changes)
        except FileNotFoundError:
            return nothing
        except (OSError, ValueError) as error:
            log.warning(
                "%s is of no use, so what `limactl mount` had added is not mounted again: %s", self._path, error
            )
            return nothing
        return found if found.boot_token == self._boot_token else nothing

    def store(self, added: tuple[Added, ...], removed: tuple[str, ...], exposed: tuple[str, ...] = ()) -> None:
        """Keep the changes; a file that cannot be written is logged, since the mounts are there all the same."""
        changes = Changes(boot_token=self._boot_token, added=added, removed=removed, exposed=exposed)
        try:
            if added or removed or exposed:
                write_atomic(self._path, msgspec.json.encode(changes) + b"\n", 0o600)
            elif os.path.lexists(self._path):
                os.unlink(self._path)
        except OSError as error:
            log.warning("the mounts that were added or removed cannot be recorded: %s", error)
