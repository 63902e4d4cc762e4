"""The display of a QEMU that runs: the password of its VNC server, where that listens, what the screen shows.

Commands of the QEMU manual ("QMP Reference": change-vnc-password, query-vnc, screendump).
"""

import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping

from limavm.driver import DisplayError
from limavm.driver.qemu import qmp
from limavm.driver.qemu.devices import VNC_DISPLAY

#: The port of display 0.
_FIRST_PORT = 5900
#: The largest picture that is read: a guest chooses the size of its screen.
_LARGEST = 100 << 20

#: Gives the monitor a command; raises QMPLost and QMPRefused.
Command = Callable[[str, Mapping[str, object]], Awaitable[object]]


async def protect_vnc(command: Command, display: str | None, password: str) -> str:
    """Set the password, without which nobody logs in; where the server of the option `display` listens."""
    await _done(command, "change-vnc-password", {"password": password})
    answer = await _done(command, "query-vnc", {})
    return address(display or VNC_DISPLAY, str(answer.get("service")) if isinstance(answer, dict) else "")


def address(display: str, port: str) -> str:
    """`host:number` of a display whose server listens on `port`, which matters when it could choose among several."""
    place, _, options = display.partition(",")
    host, _, number = place.rpartition(":")
    chosen = any(option.startswith("to=") for option in options.split(","))
    if chosen and number.isdecimal() and port.isdecimal():
        return f"{host}:{int(port) - _FIRST_PORT}"
    return place


async def screen(command: Command, path: str) -> bytes:
    """What the screen shows, as PPM; `path` is a file that QEMU writes on the way, and that is gone afterwards."""
    try:
        await _done(command, "screendump", {"filename": path})
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise DisplayError(f"what QEMU wrote cannot be read: {error.strerror}", where=path) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    if len(data) > _LARGEST:
        raise DisplayError(f"the picture is larger than {_LARGEST >> 20} MiB")
    return data


async def _done(command: Command, name: str, arguments: Mapping[str, object]) -> object:
    try:
        return await command(name, arguments)
    except qmp.QMPRefused as error:
        raise DisplayError(f"QEMU refused: {error}") from error
    except qmp.QMPLost as error:
        raise DisplayError(f"QEMU cannot be asked: {error}") from error
