"""The guest's tree, put together from what was fetched and what was not because it is as on the host."""

import filecmp
import os

from msgspec.structs import replace

from limavm.instance.sync.changes import Action, Change, Plan, plan
from limavm.instance.sync.listing import Listing
from limavm.instance.sync.manifest import Entry, Kind, Tree, manifest
from limavm.instance.sync.staging import inside, open_directories

#: What rsync writes in front of where a link leads, see `--munge-links` in rsync(1).
_MUNGED = "/rsyncd-munged/"


def gathered(base: Tree, root: str, staging: str, listing: Listing) -> Plan:
    """What to do with a guest's files that were fetched to `staging`, each of them compared with the host's."""
    host = manifest(root)
    own = inside(staging, root)
    if own is not None:
        host = {path: entry for path, entry in host.items() if path.split("/")[0] != own}
    fetched = manifest(staging)
    open_directories(staging)
    found = plan(base, guest_tree(base, host, fetched, listing), host)
    changes = [_looked_at(change, root, staging) for change in found.changes]
    conflicts = [_looked_at(change, root, staging) for change in found.conflicts]
    return Plan(
        changes=tuple(changes),
        # Times apart, both sides have made the same of it.
        conflicts=tuple(change for change in conflicts if change.action is not Action.METADATA or _modes(change)),
    )


def guest_tree(base: Tree, host: Tree, fetched: Tree, listing: Listing) -> dict[str, Entry]:
    """The guest's entries: as fetched, else as on the host, else (the host's has just gone) as at the start."""
    tree = {}
    for path in listing.paths:
        entry = fetched.get(path) or host.get(path) or base.get(path)
        if entry:
            tree[path] = replace(entry, target=entry.target.removeprefix(_MUNGED))
    return tree


def _looked_at(change: Change, root: str, staging: str) -> Change:
    """The change as it is when contents are compared: a new time alone is no modification."""
    host, guest = change.host, change.guest
    if change.action is not Action.MODIFY or not host or not guest:
        return change
    if host.kind is not Kind.FILE or guest.kind is not Kind.FILE or host.size != guest.size:
        return change
    try:
        same = filecmp.cmp(os.path.join(root, change.path), os.path.join(staging, change.path), shallow=False)
    except OSError:
        return change
    return replace(change, action=Action.METADATA) if same else change


def _modes(change: Change) -> bool:
    return bool(change.host and change.guest and change.host.mode != change.guest.mode)
