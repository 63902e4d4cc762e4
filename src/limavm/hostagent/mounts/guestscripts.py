"""Shell scripts that mount and unmount in the guest: data files in `guest`, and the values that they work with.

A shell that we start there may be anybody's login shell, so what it gets is one line without anything that
fish and csh would read otherwise, and the rest comes on standard input.
"""

import functools
import os
import shlex

from limavm.model.mount import NINEP, REVERSE_SSHFS, VIRTIOFS

#: Reads one line, in which a line break is `\\n` and a backslash doubled, and runs it as a script. `read` takes not one
#: byte more than that from its input, so what follows is for whoever the script becomes.
LOADER = 'exec /bin/sh -c \'IFS= read -r s; eval "$(printf %b "$s")"\''

_DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest")
_MODULES = {NINEP: "9p 9pnet_virtio", VIRTIOFS: "virtiofs"}
#: The guest's kernel does not know the type, and the boot scripts have not noticed that, or have.
UNKNOWN, UNKNOWN_AND_PREPARED = 3, 4

#: Where the seed's script is that prepares a guest for sshfs when its boot scripts had no reason to.
SETUP = "/mnt/lima-cidata/util/sshfs_setup.sh"


def sshfs_options(*, writable: bool, cache: bool, follow_symlinks: bool, nonempty: bool = False) -> str:
    """What `sshfs -o` gets (spec/runtime.md 9.2)."""
    options = ["slave", *([] if writable else ["ro"]), "allow_other"]
    options += [] if cache else ["cache=no"]
    options += ["follow_symlinks"] if follow_symlinks else []
    options += ["nonempty"] if nonempty else []
    return ",".join(options)


def mount_script(
    location: str, point: str, options: str, *, mark: str, token: str = "", setup: str = "", forgetful: bool = False
) -> str:
    """Becomes an sshfs that speaks on its standard input and output; says how far it is on standard error.

    Its lines begin with `mark`: `here` at first, `ready` when all is done that may take long, `mounted`, or `failed`
    and why. It waits until the boot scripts have written `token`, or runs the script `setup`. What an sshfs before it
    left is replaced. `forgetful`: what is in a directory is asked for again after a second.
    """
    names = {"location": location, "point": point, "options": options, "mark": mark, "token": token, "setup": setup}
    return (
        _assigned(names | {"type": "fuse.sshfs", "forgetful": "1" if forgetful else ""})
        + _text("place")
        + _text("mount")
    )


def unmount_script(point: str, kind: str, *, lazily: bool = False) -> str:
    """Unmounts a mount of a type of ours; exit status 0 also when there is none."""
    values = {"point": point, "type": fs_type(kind), "lazily": "-z" if lazily else ""}
    return _assigned(values) + _text("place") + _text("unmount")


def holders_script(point: str) -> str:
    """Prints what `holders.holders` reads: which processes use what is mounted there."""
    return _assigned({"point": point}) + _text("place") + _text("holders")


def share_script(kind: str, tag: str, point: str, options: str, *, token: str, anew: bool = False) -> str:
    """Mounts what the hypervisor offers under `tag`, if that is not mounted; `anew` also if it is.

    Waits until the boot scripts have written `token`. Exit status `UNKNOWN` or `UNKNOWN_AND_PREPARED`: see there.
    """
    values = {"type": kind, "tag": tag, "point": point, "options": options, "token": token}
    return _assigned(values | {"modules": _MODULES[kind], "anew": "1" if anew else ""}) + _text("share")


def fs_type(kind: str) -> str:
    """What the kernel of the guest calls a type of mount."""
    return "fuse.sshfs" if kind == REVERSE_SSHFS else kind


def loaded(script: str) -> bytes:
    """The line that makes `LOADER` run a script."""
    return script.replace("\\", "\\\\").replace("\n", "\\n").encode(errors="surrogateescape") + b"\n"


def _assigned(values: dict[str, str]) -> str:
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


@functools.cache
def _text(name: str) -> str:
    with open(os.path.join(_DIRECTORY, f"{name}.sh"), encoding="utf-8") as file:
        return file.read()
