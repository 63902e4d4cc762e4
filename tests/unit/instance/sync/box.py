"""A directory, what a guest made of it, and the write-back of that: all on the host."""

import os
import shutil
from pathlib import Path

from limavm.instance.sync.changes import Plan
from limavm.instance.sync.gathering import gathered
from limavm.instance.sync.listing import Listing
from limavm.instance.sync.manifest import manifest
from limavm.instance.sync.writeback import Outcome, Writeback

MUNGED = "/rsyncd-munged/"


class Box:
    """`root` on the host and `guest`, a copy of it that a test changes."""

    def __init__(self, directory: Path, files: dict[str, str]) -> None:
        self.root = directory / "root"
        self.guest = directory / "guest"
        self.staging = directory / "staging"
        self.root.mkdir()
        for name, text in files.items():
            write(self.root / name, text)
        shutil.copytree(self.root, self.guest, symlinks=True)
        self.base = manifest(str(self.root))

    def fetched(self) -> Plan:
        """What rsync would fetch: all of the guest's files, links made useless."""
        shutil.copytree(self.guest, self.staging, symlinks=True)
        paths = manifest(str(self.staging))
        for path, entry in paths.items():
            if entry.target:
                (self.staging / path).unlink()
                (self.staging / path).symlink_to(MUNGED + entry.target)
        return gathered(self.base, str(self.root), str(self.staging), Listing(paths=frozenset(paths)))

    def brought_back(self, plan: Plan | None = None) -> Outcome:
        """Carry out a plan, by default that of all changes."""
        plan = plan or self.fetched()
        with Writeback(str(self.root), str(self.staging)) as writeback:
            return writeback.apply(plan.changes)

    def host(self) -> dict[str, str]:
        return contents(self.root)


def write(path: Path, text: str, time: int = 1_000_000_000) -> None:
    """Write a file with a time of its own, so that another text is another time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, ns=(time, time))


def contents(root: Path) -> dict[str, str]:
    """Every path below: the text of a file, `-> target` of a link, `/` of a directory."""
    found = {}
    for path, entry in manifest(str(root)).items():
        here = root / path
        found[path] = f"-> {entry.target}" if entry.target else "/" if here.is_dir() else here.read_text()
    return found
