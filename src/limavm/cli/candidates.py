"""What there is that a word of a command line may name: instances, disks, networks, templates, mounts, snapshots."""

import os
from collections.abc import Sequence

from limavm.errors import UserError

#: A candidate and its description.
Candidate = tuple[str, str]


def matching(candidates: Sequence[Candidate], prefix: str) -> list[Candidate]:
    """Those that begin as typed."""
    return [(value, text) for value, text in candidates if value.startswith(prefix)]


def mount_points(name: str) -> list[Candidate]:
    """Where directories of the host are in an instance; none when it does not run."""
    from limavm.instance.mounts import mounts

    try:
        return [(mount.mount_point, mount.location) for mount in mounts(name)]
    except UserError:
        return []


def instances() -> list[Candidate]:
    """The instances."""
    from limavm.store.instances import names

    return [(name, "") for name in names()]


def data_disks() -> list[Candidate]:
    """The data disks, told from instances."""
    from limavm.instance.occupied import disk_names

    return [(name, "data disk") for name in disk_names() if not name.startswith(".")]


def disks() -> list[Candidate]:
    """The data disks, with the instance that has each."""
    from limavm.store.disks import names, owner

    return [(name, os.path.basename(owner(name))) for name in names()]


def networks() -> list[Candidate]:
    """The networks that are defined, with their modes."""
    from limavm.cli.networks import defined

    return [(name, network.mode) for name, network in sorted(defined().items())]


def templates(current: str) -> list[Candidate]:
    """The templates; those in a directory that begins with `_` only once that is typed."""
    from limavm.config.templatestore import template_names

    typed = current.removeprefix("template:") if current.startswith("template:") else ""
    directory = typed.rpartition("/")[0]
    rows = []
    for name in template_names():
        below = name[len(directory) :].lstrip("/") if name.startswith(directory) else name
        if not below.startswith("_") or typed.rpartition("/")[2].startswith("_"):
            rows.append((f"template:{name}", ""))
    return rows


def snapshots(name: str) -> list[Candidate]:
    """The tags that an instance has; without a name, those of all instances, with the names of these."""
    owners: dict[str, list[str]] = {}
    for instance in [name] if name else [known for known, _ in instances()]:
        for tag in _tags(instance):
            owners.setdefault(tag, []).append(instance)
    return [(tag, "" if name else ", ".join(having)) for tag, having in owners.items()]


def _tags(name: str) -> list[str]:
    from limavm.instance.snapshots import table, tags

    try:
        return tags(table(name))
    except (UserError, OSError):
        return []
