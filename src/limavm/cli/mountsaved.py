"""Mounts in the `lima.yaml` of an instance that may be running: `--save` of `limactl mount` and `umount`."""

from limavm import COMPATIBLE_WITH
from limavm.cli import logs
from limavm.cli.changed import applied, rewrite
from limavm.cli.edits import Edit
from limavm.cli.mountspec import kept
from limavm.config.decode import decode
from limavm.config.resolve import load_text
from limavm.errors import UserError
from limavm.host.platform import facts
from limavm.instance.edit import Original, check, opened
from limavm.instance.edit import save as store
from limavm.model.config import Mount
from limavm.model.mount import clean_point


def save(name: str, mount: Mount) -> None:
    """Keep a mount in the configuration; raises UserError when that would not be taken."""
    rewrite(name, {"set": (kept(mount),)}, params="text")


def forget(name: str, mount_point: str) -> None:
    """Take a mount out of the configuration; raises UserError when it is there by a file of all instances."""
    with opened(name) as original:
        numbers = entries_of(original, mount_point)
        if not numbers:
            if mount_point in _points(original, original.text):
                raise UserError(
                    f"the mount at {mount_point} is not in lima.yaml, but in a configuration of all instances",
                    where="_config/default.yaml or _config/override.yaml",
                    hint="edit that file: this instance has no say in it",
                )
            logs.info(f"the configuration has no mount at {mount_point}", file=original.path)
            return
        places = ", ".join(f".mounts[{number}]" for number in numbers)
        after = applied(original.text, [_edit(f"del({places})")], source=original.path)
        check(original, after, source=original.path)
        store(original, after)
    logs.info(f"the configuration of instance {name!r} was changed", file=original.path)


def entries_of(original: Original, mount_point: str) -> list[int]:
    """The places in the list `mounts` of a text whose entry is for a mount point.

    An entry may spell it as a template, or leave it to its location, so that each is resolved by itself.
    """
    count = len(decode(original.text, original.path).layer.mounts or ())
    if mount_point in _points(original, _with(original, "[]")):
        return []
    return [
        number for number in range(count) if mount_point in _points(original, _with(original, f"[.mounts[{number}]]"))
    ]


def _with(original: Original, mounts: str) -> bytes:
    return applied(original.text, [_edit(f".mounts = {mounts}")], source=original.path)


def _edit(expression: str) -> Edit:
    return Edit(flag="--save", expression=expression)


def _points(original: Original, text: bytes) -> set[str]:
    assert original.directory is not None
    loaded = load_text(text, source=original.path, directory=original.directory, facts=facts(), version=COMPATIBLE_WITH)
    return {clean_point(mount.mount_point) for mount in loaded.filled.config.mounts}
