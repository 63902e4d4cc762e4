"""Runs commands of limactl, each on a file system that is full but for no page, then for one; prints what became of it.

A program of its own: the file system is mounted in a mount namespace of this process alone.
"""

import contextlib
import io
import json
import mmap
import os
import shutil
import sys
from pathlib import Path

from limavm.cli import logs
from limavm.cli.main import main
from tests.unit.cli.harness import make_instance

_NETWORKS = "networks:\n  mine: {mode: user-v2, gateway: 192.168.42.1, netmask: 255.255.255.0}\n"
_FILLER = "filler"
#: What whoever asks makes: keys of ssh, the lock of a directory, what was learnt of QEMU and of a configuration.
_NOTHING = {"user", "user.pub", "qemu-probe", ".config-cache.json", _FILLER}


def prepare(top: Path) -> None:
    """An instance, a disk, a network and something in the cache, and a current directory; nothing else is left."""
    for entry in top.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    home = top / "lima"
    for directory in (home, home / "_config", home / "_disks/old", top / "cwd", top / "cache/lima/download"):
        directory.mkdir(parents=True)
    make_instance(home, "dev")
    (home / "_config/networks.yaml").write_text(_NETWORKS)
    shutil.copy(top.parent / "image", home / "_disks/old/datadisk")
    os.chdir(top / "cwd")


def fill(top: Path, left: int) -> None:
    """Leave no more than `left` pages."""
    (top / _FILLER).write_bytes(bytes(shutil.disk_usage(top).free - left * mmap.PAGESIZE))


def content(top: Path) -> dict[str, bytes]:
    """All that is there, but for what may come at any time."""
    kept = (path for path in top.rglob("*") if not _NOTHING.intersection(path.relative_to(top).parts))
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in kept}


def outcome(top: Path, words: list[str], left: int) -> dict[str, object]:
    """What a command said and changed."""
    prepare(top)
    before = content(top)
    fill(top, left)
    err = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(err):
        logs.configure(level=logs.INFO, format="text")
        code = main(words)
    after = content(top)
    changed = [path for path in {*before, *after} if before.get(path) != after.get(path)]
    return {"words": words, "left": left, "code": code, "err": err.getvalue(), "changed": sorted(changed)}


if __name__ == "__main__":
    place = Path(sys.argv[1])
    os.environ.update(HOME=str(place), LIMA_HOME=f"{place}/lima", XDG_CACHE_HOME=f"{place}/cache")
    commands = [line.split() for line in sys.argv[2].splitlines()]
    sys.stdout.write(json.dumps([outcome(place, words, left) for words in commands for left in (0, 1)]))
