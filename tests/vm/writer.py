"""Runs inside the guest: writes to a directory all the time, and goes on after errors, until its standard input ends.

    python3 writer.py DIRECTORY

File after file is written as `N.part`, synced, and renamed to `N`; and blocks are written in the middle of the file
`inplace`, and synced. All that is in a file or block is one number, eight digits, again and again. A line says what
has succeeded: `synced N`, `renamed N`, `patched N BLOCK`. Nothing but the standard library of Python 3.10.
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
    number = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        number += 1
        try:
            whole(directory, number)
            patch(f"{directory}/inplace", number)
        except OSError:
            time.sleep(0.05)


def whole(directory: str, number: int) -> None:
    part = f"{directory}/{number}.part"
    content = f"{number:08}".encode() * (SIZE // 8 // PIECES)
    with open(part, "xb") as file:
        for _ in range(PIECES):
            file.write(content)
            file.flush()
        os.fsync(file.fileno())
    say(f"synced {number}")
    os.rename(part, f"{directory}/{number}")
    say(f"renamed {number}")


def patch(path: str, number: int) -> None:
    fd = os.open(path, os.O_RDWR)
    try:
        blocks = os.fstat(fd).st_size // BLOCK
        block = random.randrange(blocks)
        os.pwrite(fd, f"{number:08}".encode() * (BLOCK // 8), block * BLOCK)
        os.fsync(fd)
        say(f"patched {number} {block}")
    finally:
        os.close(fd)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
