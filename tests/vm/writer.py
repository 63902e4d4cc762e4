"""Runs inside the guest: writes to a directory all the time, and goes on after errors, until its standard input ends.

    python3 writer.py DIRECTORY

File after file is written as `N.part`, synced, and renamed to `N`, of which a line says so; and blocks are written in
the middle of the file `inplace`. All that is in a file or block is one number, eight digits, again and again. Nothing
but the standard library of Python 3.10.
"""

import os
import random
import select
import sys
import time

assert sys.platform != "win32"

SIZE = 1 << 17
BLOCK = 4096
PIECES = 4


def main(directory: str) -> None:
    number = errors = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        number += 1
        try:
            whole(directory, number)
            patch(f"{directory}/inplace", number)
        except OSError:
            errors += 1
            time.sleep(0.05)
        else:
            say(f"{number}")


def whole(directory: str, number: int) -> None:
    part = f"{directory}/{number}.part"
    content = f"{number:08}".encode() * (SIZE // 8 // PIECES)
    with open(part, "xb") as file:
        for _ in range(PIECES):
            file.write(content)
            file.flush()
        os.fsync(file.fileno())
    os.rename(part, f"{directory}/{number}")


def patch(path: str, number: int) -> None:
    fd = os.open(path, os.O_RDWR)
    try:
        blocks = os.fstat(fd).st_size // BLOCK
        os.pwrite(fd, f"{number:08}".encode() * (BLOCK // 8), random.randrange(blocks) * BLOCK)
        os.fsync(fd)
    finally:
        os.close(fd)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
