"""Notices on the serial console that the guest's kernel has panicked, while nobody can ask it.

Such a guest never answers, and nothing else tells: the hypervisor sees a machine that runs.
"""

import asyncio
import os
import re

from limavm.model.printable import printable

#: The line that ends a panic, `---[ end Kernel panic - not syncing: … ]---`, is no panic of its own.
_PANIC = re.compile(rb"(?<!end )Kernel panic - not syncing: ([^\r\n]{1,200})")
#: The longest stretch that a message may be torn over by two reads.
_OVERLAP = 512
_LARGEST_READ = 1 << 20
_PAUSE = 1.0


async def kernel_panic(path: str, offset: int = 0, pause: float = _PAUSE) -> tuple[str, int]:
    """Return when a panic appears in the log after `offset`: its words, and the offset after them."""
    rest = b""
    while True:
        chunk = _read(path, offset)
        offset += len(chunk)
        text = rest + chunk
        if found := _PANIC.search(text):
            return printable(found[1].decode(errors="replace").strip()), offset - len(text) + found.end()
        rest = text[-_OVERLAP:]
        if not chunk:
            await asyncio.sleep(pause)


def size_of(path: str) -> int:
    """How many bytes a log has now; 0 if it is not there."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _read(path: str, offset: int) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            return file.read(_LARGEST_READ)
    except OSError:  # not there yet, or not to be read: then a panic goes unnoticed, and nothing else is hurt
        return b""
