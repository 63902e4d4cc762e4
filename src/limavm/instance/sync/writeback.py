"""Changes carried out on the host: every file is replaced in one step, and only while it is what it was.

New things come first and deletions late, so that what a guest has moved is never absent from both places. An
interruption leaves each file as it was, or as it is to be.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Sequence

from limavm.instance.sync import moving
from limavm.instance.sync.changes import Action, Change
from limavm.instance.sync.manifest import Entry, Kind, entry_at
from limavm.instance.sync.moving import ChangedError, entered
from limavm.model.value import Value


class Outcome(Value, frozen=True, kw_only=True):
    """What became of the changes."""

    done: int
    #: Those where the host has changed in the last moment; they were not carried out.
    conflicts: tuple[Change, ...]
    #: Directories that stay because they hold something that the guest never had.
    stayed: tuple[str, ...]


class Writeback:
    """Carries changes out from a staging directory into a root. Use it as a context: it holds two descriptors."""

    def __init__(self, root: str, staging: str) -> None:
        self._names = (root, staging)
        self._stayed: list[str] = []
        self._conflicts: list[Change] = []
        #: How many changes were carried out.
        self.done = 0

    def __enter__(self) -> "Writeback":
        self._root, self._staging = map(moving.opened, self._names)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._root)
        os.close(self._staging)

    def apply(self, changes: Sequence[Change]) -> Outcome:
        """Carry out what can be; raises OSError when the host refuses one, after which the rest is as it was."""
        _flush()  # what is about to replace files has to be on the disk before it does
        try:
            self._carry_out(changes)
        finally:
            # Also after a failure: a directory that is there, and not as the guest's, would be a conflict next time.
            self._set_modes(changes)
        _flush()  # the guest's copy may go now
        return Outcome(done=self.done, conflicts=tuple(self._conflicts), stayed=tuple(self._stayed))

    def put_beside(self, change: Change) -> str | None:
        """Give the guest's version of a file or link a new name, which is returned; None when that is not possible."""
        if not change.guest or change.guest.kind not in (Kind.FILE, Kind.LINK):
            return None
        folder, _, name = change.path.rpartition("/")
        try:
            with entered(self._root, folder) as there:
                chosen = _free_name(there, f"{name}.from-guest")
                self._move_in(change, change.guest, there, chosen, replace=False)
        except (ChangedError, OSError):
            return None
        return f"{folder}/{chosen}" if folder else chosen

    def _carry_out(self, changes: Sequence[Change]) -> None:
        early = [change for change in changes if not _was_directory(change)]
        late = [change for change in changes if _was_directory(change)]
        for change in early:
            if change.action is not Action.DELETE:
                self._attempt(change, self._put)
        for change in [*_deepest_first(early), *_deepest_first(late)]:
            if change.action is Action.DELETE:
                self._attempt(change, self._delete)
        for change in late:
            if change.action is not Action.DELETE:
                self._attempt(change, self._put)

    def _attempt(self, change: Change, carry_out: Callable[[Change, int, str], bool]) -> None:
        folder, _, name = change.path.rpartition("/")
        try:
            with entered(self._root, folder) as there:
                if entry_at(name, directory=there) != change.host:
                    raise ChangedError
                self.done += carry_out(change, there, name)
        except ChangedError:
            self._conflicts.append(change)

    def _put(self, change: Change, there: int, name: str) -> bool:
        guest, host = change.guest, change.host
        assert guest
        if change.action is Action.METADATA:
            _change_metadata(guest, there, name)
        elif guest.kind is Kind.DIRECTORY:
            moving.make_directory(name, there, replace=host is not None)
        else:
            was_directory = _was_directory(change)
            if was_directory and not moving.remove_directory(name, there):
                raise ChangedError
            self._move_in(change, guest, there, name, replace=host is not None and not was_directory)
        return True

    def _move_in(self, change: Change, guest: Entry, there: int, name: str, *, replace: bool) -> None:
        folder, _, source = change.path.rpartition("/")
        with entered(self._staging, folder) as staged:
            if guest.kind is Kind.LINK:
                # The link that was fetched leads nowhere, on purpose.
                os.unlink(source, dir_fd=staged)
                os.symlink(guest.target, source, dir_fd=staged)
            else:
                moving.give(source, staged, guest.mode, there, name if replace else None)
            moving.move(source, staged, name, there, replace=replace)

    def _delete(self, change: Change, there: int, name: str) -> bool:
        if not _was_directory(change):
            os.unlink(name, dir_fd=there)
        elif not moving.remove_directory(name, there):
            self._stayed.append(change.path)
            return False
        return True

    def _set_modes(self, changes: Sequence[Change]) -> None:
        """Modes of directories, at last: some forbid what had to be done in them."""
        for change in _deepest_first(changes):
            if change.guest and change.guest.kind is Kind.DIRECTORY:
                folder, _, name = change.path.rpartition("/")
                with contextlib.suppress(ChangedError), entered(self._root, folder) as there:
                    entry = entry_at(name, directory=there)
                    if entry and entry.kind is Kind.DIRECTORY:
                        moving.change_mode(name, there, change.guest.mode)


def _change_metadata(guest: Entry, there: int, name: str) -> None:
    if guest.kind is Kind.DIRECTORY:
        moving.change_mode(name, there, guest.mode | 0o700)  # for now
    else:
        moving.change_mode(name, there, guest.mode)
        os.utime(name, ns=(guest.mtime_ns, guest.mtime_ns), dir_fd=there, follow_symlinks=False)


def _was_directory(change: Change) -> bool:
    return change.host is not None and change.host.kind is Kind.DIRECTORY and change.action is not Action.METADATA


def _deepest_first(changes: Sequence[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: change.path.count("/"), reverse=True)


def _free_name(there: int, name: str) -> str:
    chosen, number = name, 1
    while moving.exists(chosen, there):
        chosen, number = f"{name}.{number}", number + 1
    return chosen


def _flush() -> None:
    if sys.platform != "win32":
        os.sync()
