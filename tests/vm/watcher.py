"""Runs inside the guest: says what inotify tells of directories, a line of `DIRECTORY EVENT NAME` each, until its
standard input ends. Nothing but the standard library of Python 3.10.
"""

import ctypes
import os
import select
import struct
import sys

assert sys.platform != "win32"

NAMES = {0x2: "MODIFY", 0x4: "ATTRIB", 0x8: "CLOSE_WRITE", 0x10: "CLOSE_NOWRITE", 0x20: "OPEN"}
HEAD = struct.Struct("iIII")


def main(directories: "list[str]") -> None:
    libc = ctypes.CDLL(None)
    fd = libc.inotify_init1(os.O_CLOEXEC)
    watches = {libc.inotify_add_watch(fd, os.fsencode(path), sum(NAMES)): path for path in directories}
    assert -1 not in watches, "not all can be watched"
    say("ready")
    while True:
        ready, _, _ = select.select([fd, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        data = os.read(fd, 65536)
        while data:
            watch, mask, _, length = HEAD.unpack_from(data)
            name = os.fsdecode(data[HEAD.size : HEAD.size + length].rstrip(b"\0"))
            for bit, event in NAMES.items():
                if mask & bit:
                    say(f"{os.path.basename(watches[watch])} {event} {name}")
            data = data[HEAD.size + length :]


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
