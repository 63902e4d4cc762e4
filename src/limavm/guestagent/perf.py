"""The system calls behind `tracepoints`: perf events that count nothing and only wake whoever waits for them.

perf_event_open(2), and its header linux/perf_event.h, tell what the numbers mean.
"""

import contextlib
import ctypes
import errno
import mmap
import os
import struct
import sys
from collections.abc import Iterator
from typing import NamedTuple

#: The number of perf_event_open, by the machine and the size of a pointer.
_CALLS = {
    ("x86_64", 8): 298,
    ("aarch64", 8): 241,
    ("riscv64", 8): 241,
    ("loongarch64", 8): 241,
    ("ppc64le", 8): 319,
    ("s390x", 8): 331,
    ("armv7l", 4): 364,
}
#: type, size, config, period, sample_type, read_format, flags, wakeup_events, bp_type, config1, config2; size is that
#: of PERF_ATTR_SIZE_VER5, which the kernels that Python 3.10 meets know all.
_ATTRIBUTE = struct.Struct("=IIQQQQQIIQQ40x")
_CLOSE_ON_EXEC = 8
_SET_FILTER = 0x40000006 | ctypes.sizeof(ctypes.c_void_p) << 16 | ord("$") << 8
_SET_OUTPUT = ord("$") << 8 | 5
#: The kind of event that is a tracepoint.
TRACEPOINT = 2

_TRACING = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
_MOUNT_FLAGS = 2 | 4 | 8  # nosuid, nodev, noexec
_DETACH = 2


class Event(NamedTuple):
    """What wakes: `kind` and `config` are type and config of perf_event_attr, and `condition` is an event filter.

    `function` is the one that a probe of the unit `kprobe` is set on: when it is called (config 0), or returns (1).
    """

    kind: int
    config: int
    function: str = ""
    condition: str = ""


class Wakers:
    """One kind of event on one processor, or several that share a ring: the first one's descriptor becomes readable.

    The ring is mapped for reading only: so the kernel never waits for us to read it, and we never do. That is enough,
    as each event makes the descriptor readable once, and whoever polls it is told once.
    """

    def __init__(self) -> None:
        self._descriptors: list[int] = []
        self._ring: mmap.mmap | None = None

    def close(self) -> None:
        """Take the events off again."""
        if self._ring:
            self._ring.close()
            self._ring = None
        while self._descriptors:
            os.close(self._descriptors.pop())

    def fileno(self) -> int:
        """What to poll, once an event was added."""
        return self._descriptors[0]

    def add(self, event: Event, cpu: int) -> None:
        """Be woken by one more kind of event, whichever process it comes from; raises OSError if the kernel refuses."""
        function = ctypes.create_string_buffer(event.function.encode())
        address = ctypes.addressof(function) if event.function else 0
        descriptor = _open(
            _ATTRIBUTE.pack(event.kind, _ATTRIBUTE.size, event.config, 1, 0, 0, 0, 1, 0, address, 0), cpu
        )
        self._descriptors.append(descriptor)
        if event.condition:
            _control(descriptor, _SET_FILTER, ctypes.c_char_p(event.condition.encode()))
        if self._ring:
            _control(descriptor, _SET_OUTPUT, ctypes.c_int(self._descriptors[0]))
        else:
            # A page that tells about the ring, and the ring.
            self._ring = mmap.mmap(descriptor, 2 * mmap.PAGESIZE, prot=mmap.PROT_READ)  # type: ignore[call-arg,attr-defined,unused-ignore]


@contextlib.contextmanager
def tracefs() -> Iterator[str]:
    """The directory where the kernel describes its tracepoints, mounted for the moment where nobody has."""
    for path in _TRACING:
        if os.path.isdir(f"{path}/events"):
            yield path
            return
    place = _TRACING[0].encode()
    _checked(_libc().mount(b"tracefs", place, b"tracefs", ctypes.c_ulong(_MOUNT_FLAGS), None))
    try:
        yield _TRACING[0]
    finally:
        _checked(_libc().umount2(place, _DETACH))


def _open(attribute: bytes, cpu: int) -> int:
    number = None
    if sys.platform == "linux":
        number = _CALLS.get((os.uname().machine, ctypes.sizeof(ctypes.c_void_p)))
    if number is None:
        raise OSError(errno.ENOSYS, "unknown machine")
    everybody, alone = ctypes.c_long(-1), ctypes.c_long(-1)  # all processes, no group
    name, place, flags = ctypes.c_long(number), ctypes.c_long(cpu), ctypes.c_long(_CLOSE_ON_EXEC)
    return _checked(_libc().syscall(name, ctypes.c_char_p(attribute), everybody, place, alone, flags))


def _control(descriptor: int, request: int, argument: "ctypes.c_int | ctypes.c_char_p") -> None:
    _checked(_libc().ioctl(ctypes.c_int(descriptor), ctypes.c_ulong(request), argument))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
