"""The few calls of the kernel that Python's `os` does not have. Each raises OSError, as those of `os` do."""

import ctypes
import errno
import os
import struct
import sys

assert sys.platform != "win32"

#: The numbers are the same on every architecture but Alpha.
_OPENAT2 = 437
_NO_MAGICLINKS, _BENEATH = 0x02, 0x08
#: RENAME_NOREPLACE of Linux, RENAME_EXCL of macOS.
_NOREPLACE = 4 if sys.platform == "darwin" else 1
#: To look at a thing that is not a directory, without opening it.
LOOK = getattr(os, "O_PATH", os.O_RDONLY | os.O_NONBLOCK)
#: What `rename_to_new` says where the C library, the kernel or the file system has no such call.
CANNOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
#: How an `open_how` says: a directory, for its descriptor only, reached without leaving the one that it starts at.
DIRECTORY = getattr(os, "O_PATH", 0) | os.O_DIRECTORY | os.O_CLOEXEC
_HOW = struct.pack("=QQQ", DIRECTORY, 0, _BENEATH | _NO_MAGICLINKS)


def syscall(number: int, *args: "int | bytes | None") -> int:
    """Any system call of Linux."""
    result: int = _syscall(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in args))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


_openat2 = ctypes.CFUNCTYPE(
    ctypes.c_long, ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t, use_errno=True
)(("syscall", _libc))


def open_beneath(directory: int, path: bytes) -> int:
    """Open the directory `path`, which has to lie beneath `directory` by every step of the way.

    Symbolic links are followed unless they leave it: EXDEV. EAGAIN: it could not be told, as something was renamed
    meanwhile. ENOSYS: the kernel is older than 5.6; EPERM: it is forbidden here.
    """
    fd: int = _openat2(_OPENAT2, directory, path, _HOW, len(_HOW))
    if fd < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return fd


def rename_to_new(source: int, old: bytes, target: int, new: bytes) -> None:
    """Rename `old` in the directory `source`, to what is not there yet in `target`; else EEXIST.

    One of `CANNOT`: it has to be done in more than one step. (EINVAL is also a directory moved into itself.)
    """
    call = getattr(_libc, "renameatx_np" if sys.platform == "darwin" else "renameat2", None)
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if call(source, old, target, new, _NOREPLACE) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def renounce_privileges() -> None:
    """No program that this process starts gains any right, as by a set-user-ID bit (PR_SET_NO_NEW_PRIVS)."""
    if _libc.prctl(38, ctypes.c_long(1), ctypes.c_long(0), ctypes.c_long(0), ctypes.c_long(0)) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
