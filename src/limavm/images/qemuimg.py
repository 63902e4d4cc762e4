"""qemu-img, whose failures are explained: it quotes the system's words, and now and then misleading ones of its own."""

import errno
import os
import signal

from limavm.host.hints import hint_of
from limavm.host.process import ProcessError, run

_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG)
#: What qemu-img makes of EFBIG, also where a limit of the process is meant.
_TOO_LARGE = "too large for file format"
#: How a write beyond the limit of the process ends it.
_TOO_LARGE_SIGNAL = -getattr(signal, "SIGXFSZ", 0) or None


def qemu_img(*args: str) -> bytes:
    """Run qemu-img and return its standard output.

    Raises ProcessError with a hint where there is one, UserError when it is missing.
    """
    try:
        return run(["qemu-img", *args])
    except ProcessError as error:
        error.hint = hint(error.stderr, error.status)
        raise


def hint(stderr: str, status: int) -> str | None:
    """What a user can do about what qemu-img says, or how it ended."""
    if 'Failed to get "write" lock' in stderr or 'Failed to get shared "write" lock' in stderr:
        return "a machine or another program uses the file: `limactl list` shows which machines run"
    if _TOO_LARGE in stderr or status == _TOO_LARGE_SIGNAL:
        return hint_of(errno.EFBIG)
    return next((hint_of(number) for number in _NUMBERS if os.strerror(number) in stderr), None)
