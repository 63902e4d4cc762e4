"""The files of a build that are not code: the list of packages, the setup script, what is laid over the guest."""

import functools
import hashlib
import os

from limavm.images.build.recipe import parse_packages

DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest")


def packages() -> tuple[str, ...]:
    """The names in `packages.txt`."""
    with open(os.path.join(DIRECTORY, "packages.txt"), encoding="utf-8") as file:
        return parse_packages(file.read())


@functools.cache
def digest(directory: str = DIRECTORY) -> str:
    """A digest of all names and contents below `directory`."""
    total = hashlib.sha256()
    for path, directories, names in os.walk(directory):
        directories.sort()
        for name in sorted(names):
            file = os.path.join(path, name)
            with open(file, "rb") as data:
                content = hashlib.sha256(data.read()).hexdigest()
            total.update(f"{os.path.relpath(file, directory)}\0{content}\n".encode())
    return total.hexdigest()
