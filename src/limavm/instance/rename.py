"""Gives an instance another name (spec/runtime.md 2.7): its directory is renamed, as a whole and at one instant.

The instance is the same afterwards: it stays protected, and keeps its TPM and logs. What names it is removed
first, and made anew at the next start; so a killed command leaves it whole, under one name or the other.
"""

import os

from limavm.host import files, paths
from limavm.host.trees import remove_tree
from limavm.images.backing import lean_on_neighbour
from limavm.instance.another import resolved_for
from limavm.instance.belongings import leaving, link_inside
from limavm.instance.edit import Original, save
from limavm.model.report import Reporter
from limavm.store import instances


def rename(original: Original, new: str, text: bytes, *, report: Reporter) -> None:
    """Give the original, which is held, the name `new` and the text `text`.

    Raises UserError when the name or the text will not do; it is as before then.
    """
    directory = original.directory
    assert directory is not None
    name = os.path.basename(directory)
    _, cloud_config = resolved_for(new, original, text, report)
    _loosen_links(directory)
    lean_on_neighbour(directory, directory)
    for entry in leaving(directory):
        _remove(os.path.join(directory, entry))
    files.write_atomic(os.path.join(directory, paths.CLOUD_CONFIG), cloud_config, 0o444)
    if text != original.text:
        save(original, text)
    try:
        instances.rename(name, new)
    except BaseException:  # somebody has taken the name meanwhile
        if text != original.text:
            files.write_atomic(os.path.realpath(original.path), original.text)
        raise
    report.info(f"Renamed {name!r} to {new!r} ({paths.instance_dir(new)})")


def _loosen_links(directory: str) -> None:
    """Let links that lead to the directory by its name lead there from where they are."""
    for entry in os.listdir(directory):
        path = os.path.join(directory, entry)
        if os.path.islink(path) and os.path.isabs(os.readlink(path)) and (goal := link_inside(directory, path)):
            partial = f"{path}.{os.getpid()}.tmp"
            with files.remove_on_error(partial):
                os.symlink(goal, partial)
                os.replace(partial, path)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        remove_tree(path)
    else:
        os.unlink(path)
