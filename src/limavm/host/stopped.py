"""Whether a process stands still because of a signal (SIGSTOP, a debugger), where the platform tells cheaply."""

import sys

#: States of proc_pid_stat(5): stopped by a signal, stopped by a tracer.
_STOPPED = (b"T", b"t")


def is_stopped(pid: int) -> bool:
    """Whether the process is stopped now; False for one that is gone, and where the platform does not tell."""
    if sys.platform != "linux":
        return False
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            # The name in parentheses may contain anything.
            return file.read(4096).rpartition(b") ")[2][:1] in _STOPPED
    except (FileNotFoundError, ProcessLookupError):
        return False
