"""Waits for a host agent to say that its instance is ready (spec/runtime.md 2.3, step 6)."""

import os
import time
from collections.abc import Callable, Iterable

from limavm.errors import UserError
from limavm.host import paths
from limavm.instance.follow import Pace, Tail, log_line_of, status_of
from limavm.model.event import CloudInitProgress
from limavm.model.instance import Instance
from limavm.model.report import Reporter

#: Seconds without a line after which one is said.
_SILENCE = 15.0


def wait_until_running(
    instance: Instance,
    ended: Callable[[], int | None],
    since: float,
    limit: float,
    report: Reporter,
    *,
    progress: bool = False,
) -> None:
    """Return when the agent emits `running`; what it logs meanwhile is reported, and now and then that nothing is.

    `ended` gives the agent's exit status once it has ended; lines from before `since`, in seconds since
    the epoch, do not count.

    With `progress`, what cloud-init does is reported too, and its end is waited for. Raises UserError
    when the agent exits, becomes degraded or takes longer than `limit` seconds. The limit ends the
    waiting only: the machine goes on booting.
    """
    events = Tail(os.path.join(instance.dir, paths.HA_STDOUT))
    logs = Tail(os.path.join(instance.dir, paths.HA_STDERR))
    watch = _Watch(instance, report, since, progress=progress)
    began = time.monotonic()
    pace = Pace()
    try:
        while not watch.ready:
            status = ended()
            active = watch.take(logs.lines(), events.lines())
            if status is not None and not active:
                raise watch.failure(f"the host agent has ended with status {status}")
            if time.monotonic() - began > limit:
                raise UserError(
                    f"the instance {instance.name!r} did not become ready within {limit:g} s; it goes on booting",
                    where=os.path.join(instance.dir, paths.SERIAL_LOG),
                    hint="wait and see with `limactl list`, or give a longer --timeout",
                )
            watch.say_if_silent(time.monotonic() - began)
            pace.rest(active=active)
    finally:
        events.close()
        logs.close()


class _Watch:
    """What was seen so far of one start."""

    def __init__(self, instance: Instance, report: Reporter, since: float, *, progress: bool) -> None:
        self._running = False
        self._last_word = time.monotonic()
        self._progress = progress
        self._instance = instance
        self._report = report
        self._since = since
        self._port = 0
        self._errors: tuple[str, ...] = ()
        self._told: CloudInitProgress | None = None

    def say_if_silent(self, elapsed: float) -> None:
        """Tell a person who sees nothing happen that something does; `elapsed` is in seconds."""
        if time.monotonic() - self._last_word > _SILENCE:
            self._last_word = time.monotonic()
            self._report.info(f"The guest is booting; {elapsed:.0f} s so far")

    @property
    def ready(self) -> bool:
        """Whether there is nothing to wait for any more."""
        return self._running and not self._progress

    def take(self, logs: Iterable[bytes], events: Iterable[bytes]) -> bool:
        """Look at new lines; whether there were any. Raises UserError when the start has failed."""
        log_lines, event_lines = list(logs), list(events)
        for line in log_lines:
            self._log(line)
        for line in event_lines:
            self._event(line)
        return bool(log_lines or event_lines)

    def _log(self, line: bytes) -> None:
        """Report a log line of the agent at its own level."""
        parsed = log_line_of(line, self._since)
        if parsed is None:
            return
        if parsed.level not in ("debug", "trace"):
            self._last_word = time.monotonic()
        text = f"[hostagent] {parsed.msg}" + (f": {parsed.error}" if parsed.error else "")
        match parsed.level:
            case "debug" | "trace":
                self._report.debug(text)
            case "info":
                self._report.info(text)
            case "warning" | "warn":
                self._report.warning(text)
            case _:
                self._report.error(text)

    def _event(self, line: bytes) -> None:
        """Take note of an event; raises UserError when the start has failed."""
        status = status_of(line, self._since)
        if status is None:
            return
        if status.ssh_local_port and not self._port:
            self._port = status.ssh_local_port
            self._report.info(f"SSH Local Port: {self._port}")
        self._errors = status.errors or self._errors
        if status.exiting:
            raise self.failure("the host agent is exiting")
        if status.running and status.degraded:
            raise self.failure("the instance is running, but not all of it works")
        if self._progress and status.cloud_init_progress and status.cloud_init_progress != self._told:
            self._tell(status.cloud_init_progress)
        self._running = status.running

    def _tell(self, progress: CloudInitProgress) -> None:
        # A snapshot repeats the last progress until there is another one.
        self._told = progress
        self._report.info(f"[cloud-init] {progress.log_line}")
        self._progress = not progress.completed

    def failure(self, what: str) -> UserError:
        """The error of this start."""
        reasons = "".join(f"\n- {error}" for error in self._errors)
        return UserError(
            f"the start of {self._instance.name!r} has failed: {what}{reasons}",
            where=os.path.join(self._instance.dir, paths.HA_STDERR),
            hint=f"see also {os.path.join(self._instance.dir, paths.SERIAL_LOG)}; `limactl stop -f` ends what runs",
        )
