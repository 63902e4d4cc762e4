"""Gives an instance another name (spec/runtime.md 2.7): its directory is renamed, as a whole and at one instant.

The instance is the same afterwards: it stays protected, and keeps its TPM and logs. What names it is removed
first, and made anew at the next start; so a killed command leaves it whole, under one name or the other.
"""

import contextlib
import os

from limavm.config.yamltext import MAX_BYTES
from limavm.host import files, paths, textfile
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
    reference = os.path.join(directory, paths.CLOUD_CONFIG)
    with contextlib.ExitStack() as undo:
        undo.callback(_put_back_reference, reference, cloud_config, _content(reference))
        undo.callback(_put_back_text, original, text)
        # Both texts are on the disk, which may be full, before one of them counts and anything is removed.
        with files.replacing(reference, 0o444) as partial:
            with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(cloud_config)
            if text != original.text:
                save(original, text)
        for entry in leaving(directory):
            if entry != paths.CLOUD_CONFIG:
                _remove(os.path.join(directory, entry))
        instances.rename(name, new)  # raises when somebody has taken the name meanwhile
        undo.pop_all()
    report.info(f"Renamed {name!r} to {new!r} ({paths.instance_dir(new)})")


def _put_back_reference(path: str, ours: bytes, former: bytes | None) -> None:
    """Let `cloud-config.yaml` be what it was, if it has become ours under the old name."""
    if former != ours and _content(path) == ours:
        if former is None:
            os.unlink(path)
        else:
            files.write_atomic(path, former, 0o444)


def _put_back_text(original: Original, ours: bytes) -> None:
    """Let `lima.yaml` be what it was, if it has become ours under the old name: what others wrote stays."""
    if ours != original.text and os.path.exists(original.path) and textfile.read(original.path, MAX_BYTES) == ours:
        textfile.write(original.path, original.text)


def _content(path: str) -> bytes | None:
    """The bytes of a file, None without one."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


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
