"""The process that is the service: it has everything loaded, and forks the one that serves.

One that is killed, by a defect or for want of memory, has a successor at once. Loading Python and the agent again would
take a second or two where a processor is emulated, in which no tunnel works. What of the memory neither changes is
shared by the two; the keeper itself sleeps until a signal comes.

Nobody is left over: who serves dies with the keeper, whose own death is the matter of systemd or OpenRC. An agent
that finds it cannot serve is theirs too, as they pace their attempts.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable

from limavm.guestagent.parent import die_with_parent

log = logging.getLogger(__name__)

#: One that gives up within so many seconds is not going to do better at once.
_EARLY = 10.0
#: One that was killed so soon is likely to be killed again.
_VERY_EARLY = 1.0
_PENANCE = 1.0
#: How long a child that was asked to end may take; it gives its calls 2 s.
_GRACE = 5.0
_LINUX = "a guest is Linux"
_ENDS = (signal.SIGTERM, signal.SIGINT)


def keep(serve: Callable[[], int], *, penance: float = _PENANCE, grace: float = _GRACE) -> int:
    """Run `serve` in a child, and again when that was killed, until SIGTERM or SIGINT; the exit status.

    To be called while there is neither a thread nor an event loop. An agent that gives up soon after it began is not
    forked again: we wait `penance` seconds, and its status is ours.
    """
    if sys.platform != "linux":
        return serve()
    # From here on a signal is pending until it is asked for: it cannot come between fork and the knowledge of it.
    signal.pthread_sigmask(signal.SIG_BLOCK, (*_ENDS, signal.SIGCHLD))
    while True:
        began = time.monotonic()
        status = _life(_fork(serve), grace)
        if status is None:
            return 0
        lasted = time.monotonic() - began
        gave_up = status > 0 and lasted < _EARLY
        if (gave_up or lasted < _VERY_EARLY) and signal.sigtimedwait(_ENDS, penance):
            return 0
        if gave_up:
            return status
        log.warning("the agent has ended (%s): another one begins", _words(status))


def _life(child: int, grace: float) -> int | None:
    """Wait for the end of a child; its status, that of a signal negative, or None if its end was asked for."""
    if sys.platform != "linux":
        raise NotImplementedError(_LINUX)
    asked = False
    while True:
        signals = (*_ENDS, signal.SIGCHLD)
        told = signal.sigtimedwait(signals, grace) if asked else signal.sigwaitinfo(signals)
        if told is None or told.si_signo != signal.SIGCHLD:
            os.kill(child, signal.SIGKILL if asked else signal.SIGTERM)
            asked = True
            continue
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return None if asked else os.waitstatus_to_exitcode(status)


def _fork(serve: Callable[[], int]) -> int:
    if sys.platform != "linux":
        raise NotImplementedError(_LINUX)
    keeper = os.getpid()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        die_with_parent(keeper)
        # Until the event loop has its own handlers a signal ends us as it ends any program: at once.
        for number in _ENDS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (*_ENDS, signal.SIGCHLD))
        status = serve()
    except BaseException:  # what is above is the keeper's
        log.exception("the agent ends")
    finally:
        os._exit(status)


def _words(status: int) -> str:
    try:
        return f"status {status}" if status >= 0 else signal.Signals(-status).name
    except ValueError:  # of the real-time ones only two have names
        return f"signal {-status}"
