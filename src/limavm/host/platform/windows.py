"""Facts of a Windows host. Written from the documentation; not run on real hardware yet."""

import ctypes
import sys


class _MemoryStatus(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total", ctypes.c_uint64),
        ("rest", ctypes.c_uint64 * 6),
    )


def memory() -> int:
    """Physical memory in bytes (GlobalMemoryStatusEx)."""
    if sys.platform != "win32":
        raise NotImplementedError("GlobalMemoryStatusEx")
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.total)


def process_exists(pid: int) -> bool:
    """Whether a process with this ID can be opened for a query (PROCESS_QUERY_LIMITED_INFORMATION)."""
    if sys.platform != "win32":
        raise NotImplementedError("OpenProcess")
    handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)
    if handle:
        ctypes.windll.kernel32.CloseHandle(handle)
    return bool(handle)


def machine_id() -> str:
    """Empty: the host name stands in for it, as in Lima."""
    return ""


def timezone() -> str:
    """Empty: the guest keeps its own, as in Lima."""
    return ""
