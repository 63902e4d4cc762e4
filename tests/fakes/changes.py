"""The moments in a command at which a test may stop it: before each change of files."""

import contextlib
import os
import sys
from collections.abc import Callable

_CHANGES = frozenset(
    f"os.{name}" for name in ("rename", "remove", "link", "symlink", "mkdir", "rmdir", "chmod", "truncate")
) | {"subprocess.Popen"}


def before_each_change(at: Callable[[int], None]) -> None:
    """From now on, until this process ends, call `at` with the number of the change, from 1, before it is made."""
    count = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        flags = arguments[2] if event == "open" else 0
        if event in _CHANGES or (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)):
            count += 1
            at(count)

    sys.addaudithook(hook)


def forked(command: Callable[[], object], at: Callable[[int], None]) -> int:
    """A child that runs the command; `at` is called, with its number, before each change of files.

    Returns its PID. It ends with 0, and with 1 when something was raised: by the command, or by `at`, which
    is as if the system had refused that change.
    """
    if sys.platform == "win32":
        raise NotImplementedError("fork")
    pid = os.fork()
    if pid:
        return pid
    code = 1
    with contextlib.suppress(BaseException):
        before_each_change(at)
        command()
        code = 0
    os._exit(code)
