"""What root may do beyond others, taken away for a while: so that permissions count in a test that runs as root."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

import pytest

#: _LINUX_CAPABILITY_VERSION_3, and its CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH and CAP_FOWNER (capabilities(7)).
_VERSION = 0x20080522
_BEYOND_OTHERS = 1 << 1 | 1 << 2 | 1 << 3


@contextlib.contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Permissions of files count for this thread and its children, whoever runs the tests; what is ours stays ours."""
    if sys.platform == "win32":
        pytest.skip("permissions are something else there")
    elif os.geteuid() != 0:
        yield
    elif not sys.platform.startswith("linux"):
        pytest.skip("root cannot be kept from anything here")
    else:
        header = (ctypes.c_uint32 * 2)(_VERSION, 0)
        libc = ctypes.CDLL(None, use_errno=True)
        before, less = (ctypes.c_uint32 * 6)(), (ctypes.c_uint32 * 6)()
        for data in (before, less):
            assert libc.capget(header, data) == 0
        less[0] &= ~_BEYOND_OTHERS
        assert libc.capset(header, less) == 0
        try:
            yield
        finally:
            assert libc.capset(header, before) == 0
