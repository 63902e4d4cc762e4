"""Carries out what the host says of changed files: the guest's kernel tells the programs that watch them.

How a file is told, and what becomes of it then, is a matter of `touch`; here is the order in which that happens, and
what happens if it never ends.
"""

import asyncio
import logging
import os
import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

from limavm.guestagent.clock import nanoseconds
from limavm.guestagent.touch import signal
from limavm.wire.messages import Inotify

log = logging.getLogger(__name__)

#: Seconds for a file system to answer.
_PATIENCE = 10.0


class _Job(NamedTuple):
    path: str
    when: int
    #: Set in the thread when it is over, and then, by the call, in the loop.
    over: threading.Event
    tell: Callable[[], object]


class Signals:
    """Carries out messages one after the other, in a thread of its own: a file system may never answer."""

    def __init__(self, act: "Callable[[str, int], None] | None" = None, patience: float = _PATIENCE) -> None:
        self._act = act or signal
        self._patience = patience
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stuck: _Job | None = None

    async def tell(self, message: Inotify) -> None:
        """Have a change noticed; what is wrong with it is logged, and nothing else."""
        path = message.mount_path
        try:
            when = nanoseconds(message.time)
            if not os.path.isabs(path) or "\0" in path:
                raise ValueError("not an absolute path")
        except ValueError as error:
            log.warning("inotify: %r: %s", path[:200], error)
            return
        if self._stuck and not self._stuck.over.is_set():
            return
        if self._thread is None:
            # Not an executor: the end of the process would wait for its threads.
            self._thread = threading.Thread(target=self._work, name="inotify", daemon=True)
            self._thread.start()
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        job = _Job(path, when, threading.Event(), lambda: loop.call_soon_threadsafe(done.set))
        self._jobs.put(job)
        # Before Python 3.12, wait_for may swallow a cancellation; this call would then go on for ever.
        waiting = asyncio.ensure_future(done.wait())
        try:
            over, _ = await asyncio.wait({waiting}, timeout=self._patience)
        finally:
            waiting.cancel()
        if not over:
            self._stuck = job
            log.warning("inotify: %r: its file system does not answer; no change is told until it does", path[:200])

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                self._act(job.path, job.when)
            except (OSError, ValueError, OverflowError) as error:
                log.warning("inotify: %r: %s", job.path[:200], getattr(error, "strerror", None) or error)
            job.over.set()
            try:
                job.tell()
            except RuntimeError:
                return  # the loop has ended
