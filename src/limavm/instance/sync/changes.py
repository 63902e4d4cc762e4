"""What a guest has changed, and what of it clashes with what happened on the host meanwhile: decided from manifests.

Three trees: the host's at the start, which is what the guest was given; the guest's at the end; and the host's at the
end. What the guest left alone is not touched, whatever the host did with it. So what appeared on the host meanwhile
is never deleted, and what was edited there is never overwritten.
"""

import enum
import posixpath
from collections import Counter
from collections.abc import Iterable

from limavm.instance.sync.manifest import Entry, Kind, Tree, alike
from limavm.model.value import Value


class Action(enum.StrEnum):
    """What happens to a path on the host; the texts are those that users see."""

    ADD = "added"
    MODIFY = "modified"
    METADATA = "metadata"
    DELETE = "deleted"


class Change(Value, frozen=True, kw_only=True):
    """One path that the guest has changed: what the host has there, and what the guest made of it."""

    path: str
    action: Action
    host: Entry | None
    guest: Entry | None


class Plan(Value, frozen=True, kw_only=True):
    """What can be brought back, and what was changed on both sides; each in the order of the paths."""

    changes: tuple[Change, ...] = ()
    conflicts: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes or self.conflicts)

    def count(self, action: Action) -> int:
        """How many changes, conflicts apart, are of that kind."""
        return Counter(change.action for change in self.changes)[action]


def plan(base: Tree, guest: Tree, host: Tree) -> Plan:
    """What to do so that the host has what the guest made of `base`."""
    changes: list[Change] = []
    conflicts: list[Change] = []
    for path in sorted(base.keys() | guest.keys()):
        before, theirs, ours = base.get(path), guest.get(path), host.get(path)
        if alike(before, theirs) or alike(theirs, ours):
            continue
        special = ours is not None and ours.kind is Kind.SPECIAL
        if special and theirs is None:
            continue  # such files do not come back from a guest
        change = Change(path=path, action=action(ours, theirs), host=ours, guest=theirs)
        (changes if before == ours and not special else conflicts).append(change)
    return Plan(changes=tuple(changes), conflicts=tuple(conflicts))


def action(ours: Entry | None, theirs: Entry | None) -> Action:
    """What becomes of a path of the host that is to be as the guest's."""
    if theirs is None:
        return Action.DELETE
    if ours is None:
        return Action.ADD
    if ours.kind is theirs.kind and (ours.kind is Kind.DIRECTORY or ours.content == theirs.content):
        return Action.METADATA
    return Action.MODIFY


def leading_out(changes: Iterable[Change]) -> list[Change]:
    """The symbolic links among them that lead out of the directory, or would by an absolute path."""
    return [change for change in changes if change.guest and _leads_out(change.path, change.guest)]


def _leads_out(path: str, entry: Entry) -> bool:
    if entry.kind is not Kind.LINK:
        return False
    lands = posixpath.normpath(posixpath.join(posixpath.dirname(path), entry.target))
    return posixpath.isabs(entry.target) or lands == ".." or lands.startswith("../")
