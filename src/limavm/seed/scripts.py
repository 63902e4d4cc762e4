"""The guest's boot scripts: data files of this package, read and never changed.

They live in `guest/`, laid out as in the seed: `boot.sh`, `boot.essential.Linux/`, `boot.Linux/`, `util/`;
beside them the four texts that user-data carries. What each one does: spec/runtime.md 6.6 and 6.7.
"""

import functools
import os

_GUEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest")
_DIRECTORIES = ("boot.essential.Linux", "boot.Linux", "util")


@functools.cache
def guest_file(name: str) -> bytes:
    """The content of a file below `guest/`; names use `/`."""
    with open(os.path.join(_GUEST, *name.split("/")), "rb") as file:
        return file.read()


def load_scripts() -> dict[str, bytes]:
    """Every script of a Linux guest by its path in the seed, sorted."""
    names = ["boot.sh"]
    for directory in _DIRECTORIES:
        names += [f"{directory}/{name}" for name in os.listdir(os.path.join(_GUEST, directory))]
    return {name: guest_file(name) for name in sorted(names) if name.endswith(".sh")}
