"""Runs inside the guest: writes files, has each on the disk, and keeps all of them open, until somebody kills it.

    python3 holder.py DIRECTORY COUNT SIZE

It says "held" when everything is written. Nothing but the standard library of Python 3.10.
"""

import os
import sys


def content(number: int, size: int) -> bytes:
    """What the file with a number has: no byte of it is zero, so that a hole would show."""
    return f"{number:07}|".encode() * (size // 8)


def main(directory: str, count: int, size: int) -> None:
    held = []
    for number in range(count):
        held.append(os.open(os.path.join(directory, str(number)), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644))
        os.write(held[-1], content(number, size))
        os.fsync(held[-1])
    sys.stdout.write("held\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
