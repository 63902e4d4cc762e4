"""The VNC display of a run: a password of its own, and the two files that tell a viewer (spec/runtime.md 3.4).

QEMU lets nobody log in before it was given a password, and forgets it when it is started again.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import string

from limavm.driver import DisplayError, VirtualMachine
from limavm.host import paths
from limavm.host.files import write_atomic

log = logging.getLogger(__name__)

#: VNC knows no longer ones.
_LENGTH = 8
_DIGITS = 2
_PAUSE = 5.0
_FIRST_PORT = 5900


def new_password() -> str:
    """Eight different characters, two of them digits, the others letters."""
    random = secrets.SystemRandom()
    characters = random.sample(string.ascii_letters, _LENGTH - _DIGITS) + random.sample(string.digits, _DIGITS)
    random.shuffle(characters)
    return "".join(characters)


def forget(directory: str) -> None:
    """Remove what is true of one run only."""
    for name in paths.VNC_FILES:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(directory, name))


class VNCDisplay:
    """Keeps the display of a machine protected, and the files right."""

    def __init__(self, vm: VirtualMachine, directory: str) -> None:
        self._vm = vm
        self._display = os.path.join(directory, paths.VNC_DISPLAY)
        self._password = os.path.join(directory, paths.VNC_PASSWORD)
        self._again = asyncio.Event()
        vm.on_change(lambda _: self._again.set())

    async def run(self) -> None:
        """Set the password, anew whenever the machine was started again, until cancelled."""
        told = False
        while True:
            self._again.clear()
            try:
                await self._protect()
            except DisplayError as error:
                log.log(logging.DEBUG if told else logging.WARNING, "Nobody can use the VNC display yet: %s", error)
                told = True
                await asyncio.sleep(_PAUSE)
            else:
                told = False
                await self._again.wait()

    async def _protect(self) -> None:
        password = _read(self._password) or new_password()  # that of the agent before us, whose run this is
        display = await self._vm.protect_vnc(password)
        write_atomic(self._password, password.encode(), 0o600)
        write_atomic(self._display, display.encode(), 0o600)
        host, _, number = display.rpartition(":")
        url = f" (vnc://{host}:{_FIRST_PORT + int(number)})" if number.isdecimal() else ""
        log.info("VNC display %s%s; its password is in %s", display, url, self._password)


def _read(path: str) -> str:
    """The password in a file; empty when there is none, or something else."""
    with contextlib.suppress(OSError, UnicodeDecodeError), open(path, encoding="ascii") as file:
        text = file.read(_LENGTH + 1)
        if len(text) == _LENGTH and text.isalnum():
            return text
    return ""
