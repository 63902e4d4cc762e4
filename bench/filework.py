"""Runs inside the guest for `files.py`: work on files below one directory, timed; a line of JSON for each part.

    python3 filework.py DIRECTORY FILES MEBIBYTES

DIRECTORY is made, and left to the caller with all that is in it. Every part ends with the data on the disk (fsync, or
sync), and reads begin with nothing in the guest's memory, where `sudo` may drop it. A part that fails says so, and the
others go on. Nothing but the standard library of Python 3.10, and git and tar where they are installed.
"""

import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator

assert sys.platform != "win32"

BLOCK = 1 << 20
RANDOM_BLOCK = 4096
RANDOM_COUNT = 500
#: Sizes of the files of a package of JavaScript, roughly: many small ones, few large ones.
SMALL = (120, 400, 900, 1800, 3500, 9000)
IN_A_DIRECTORY = 20


class Work:
    """The parts, by their names; each returns what it did as an amount (bytes, operations, files)."""

    def __init__(self, root: str, files: int, mebibytes: int, repository: str = "") -> None:
        self.root = root
        self.files = files
        self.mebibytes = mebibytes
        self.big = os.path.join(root, "big")
        self.tree = os.path.join(root, "tree")
        # Made before anything is timed: making it is no work on the directory.
        self.archive = archive(files)
        self.repository = repository

    def parts(self) -> Iterator[tuple[str, Callable[[], float]]]:
        yield "sequential write", self.sequential_write
        yield "sequential read", self.sequential_read
        yield "random write 4k", self.random_write
        yield "random read 4k", self.random_read
        yield "small files", self.small_files
        yield "walk and stat", self.walk
        yield "tar x", self.tar
        if self.repository:
            yield "git checkout", self.git_checkout
            yield "git status", self.git_status

    def sequential_write(self) -> float:
        block = random.randbytes(BLOCK)
        with open(self.big, "wb") as file:
            for _ in range(self.mebibytes):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        return self.mebibytes

    def sequential_read(self) -> float:
        with open(self.big, "rb", buffering=0) as file:
            while file.read(BLOCK):
                pass
        return self.mebibytes

    def random_write(self) -> float:
        block = random.randbytes(RANDOM_BLOCK)
        with open(self.big, "r+b", buffering=0) as file:
            for offset in self._offsets():
                os.pwrite(file.fileno(), block, offset)
            os.fsync(file.fileno())
        return RANDOM_COUNT

    def random_read(self) -> float:
        with open(self.big, "rb", buffering=0) as file:
            for offset in self._offsets():
                os.pread(file.fileno(), RANDOM_BLOCK, offset)
        return RANDOM_COUNT

    def _offsets(self) -> list[int]:
        blocks = self.mebibytes * BLOCK // RANDOM_BLOCK
        return [random.randrange(blocks) * RANDOM_BLOCK for _ in range(RANDOM_COUNT)]

    def small_files(self) -> float:
        for number in range(self.files):
            directory = os.path.join(self.tree, f"package-{number // IN_A_DIRECTORY}")
            if number % IN_A_DIRECTORY == 0:
                os.makedirs(directory)
            with open(os.path.join(directory, f"{number}.js"), "wb") as file:
                file.write(b"x" * SMALL[number % len(SMALL)])
        os.sync()
        return self.files

    def walk(self) -> float:
        return sum(
            os.lstat(os.path.join(place, name)).st_size >= 0 for place, _, names in os.walk(self.tree) for name in names
        )

    def tar(self) -> float:
        target = os.path.join(self.root, "tar")
        os.mkdir(target)
        checked(["tar", "-x", "-C", target], input=self.archive)
        os.sync()
        return self.files

    def git_checkout(self) -> float:
        """The files of a commit that was made elsewhere."""
        work = os.path.join(self.root, "git")
        checked(["git", "clone", "-q", "--shared", self.repository, work])
        os.sync()
        return self.files

    def git_status(self) -> float:
        # What is mounted may belong to a user of the host, whom git does not trust.
        git = ["git", "-c", "safe.directory=*"]
        checked([*git, "status", "--porcelain"], cwd=os.path.join(self.root, "git"))
        return self.files


def checked(argv: list[str], *, input: bytes = b"", cwd: str | None = None) -> None:  # noqa: A002 - as in subprocess
    """Run a program that says nothing unless it fails; raises OSError with its last words then."""
    done = subprocess.run(argv, input=input, cwd=cwd, capture_output=True, check=False)
    if done.returncode:
        raise OSError(f"{argv[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()[-300:]}")


def archive(files: int) -> bytes:
    """A tar of so many small files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for number in range(files):
            member = tarfile.TarInfo(f"package-{number // IN_A_DIRECTORY}/{number}.js")
            member.size = SMALL[number % len(SMALL)]
            made.addfile(member, io.BytesIO(b"x" * member.size))
    return out.getvalue()


def repository(files: int) -> str:
    """A repository with so many files on the guest's own disk, made once."""
    place = f"/var/tmp/limavm-bench-{files}.git"
    if not os.path.isdir(place):
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", place], check=True)
        subprocess.run(["git", "fast-import", "--quiet"], cwd=place, input=commit(files), check=True)
    return place


def commit(files: int) -> bytes:
    """One commit in the language of `git fast-import`."""
    lines = [b"commit refs/heads/main\ncommitter bench <bench@example.com> 0 +0000\ndata 5\nbench\n"]
    for number in range(files):
        text = f"{number}".encode() * (SMALL[number % len(SMALL)] // 5)
        path = f"package-{number // IN_A_DIRECTORY}/{number}.js".encode()
        lines.append(b"M 644 inline %s\ndata %d\n%s\n" % (path, len(text), text))
    return b"".join(lines)


def forget() -> None:
    """Have nothing of files in memory."""
    os.sync()
    subprocess.run(["sudo", "-n", "sh", "-c", "echo 3 >/proc/sys/vm/drop_caches"], check=False)


def main(root: str, files: int, mebibytes: int) -> None:
    """Work below a new directory."""
    os.mkdir(root)
    work = Work(root, files, mebibytes, repository(files) if shutil.which("git") else "")
    for name, part in work.parts():
        forget()
        began = time.monotonic()
        line: dict[str, object] = {"part": name}
        try:
            line["amount"] = part()
        except OSError as error:
            line["error"] = str(error)
        line["seconds"] = time.monotonic() - began
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
