"""What a guest that shuts down says on its serial console: that it is at it, and what it still waits for.

systemd tells there which units it stops and which have stopped; the boot scripts have it do so where the command line
of the kernel keeps it quiet. Other inits tell nothing that is understood here.
"""

import os
import re

from limavm.model.printable import printable
from limavm.model.value import Value

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
#: `         Stopping ssh.service - OpenBSD Secure Shell server...`, `[  OK  ] Stopped target timers.target - Timers.`
_LINE = re.compile(r"(Stopping|Stopped target|Stopped) ([^\r\n]{1,200}?)(?:\.\.\.)?[\r\n]")
#: What a line is too long for is left out of its middle, and not always as much: what two of one unit share at least.
_SHARED = 20
_MOST = 64 << 10


class Farewell(Value, frozen=True, kw_only=True):
    """Whether the guest has begun to shut down, and what it has asked to stop that has not, in that order."""

    begun: bool = False
    waits_for: tuple[str, ...] = ()


def farewell(log: str, offset: int = 0) -> Farewell:
    """What the console tells after `offset` of its log."""
    try:
        with open(log, "rb") as file:
            file.seek(max(offset, os.fstat(file.fileno()).st_size - _MOST))
            text = file.read(_MOST).decode(errors="replace")
    except OSError:  # then what takes its time has no name, and nothing else is hurt
        return Farewell()
    begun = False
    stopping: dict[str, str] = {}
    for what, words in _LINE.findall(_COLOUR.sub("", text)):
        begun |= what == "Stopped target"  # a service alone may be stopped by anybody
        if what == "Stopping":
            stopping[words[:_SHARED]] = words.partition(" - ")[0]
        else:
            stopping.pop(words[:_SHARED], None)
    return Farewell(begun=begun, waits_for=tuple(map(printable, stopping.values())))
