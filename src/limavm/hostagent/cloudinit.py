"""What cloud-init in the guest is doing, line by line: the events of `limactl start --progress`.

Its log is read over ssh from where this boot began. cloud-init leaves a file in `/run` when it is done,
which is the sign of the end on every distribution; the words in its log change from release to release. Images
that are built here leave it out at later boots, and say so by another file.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from limavm.host.clock import monotonic
from limavm.hostagent.requirements import Runner
from limavm.model.event import CloudInitProgress

log = logging.getLogger(__name__)

_LOG = "/var/log/cloud-init-output.log"
#: Lima gives cloud-init this long, in seconds (spec/runtime.md 15).
_LIMIT = 600.0
_PAUSE = 1.0
_ANSWER_LIMIT = 30.0
#: Lines of one answer; more come with the next.
_MOST_LINES = 200

#: Prints the number of the first line of this boot: the one after the last that says it was the end.
_FIRST_LINE = f"""last=$(grep -n -i '^cloud-init .*finished at' {_LOG} 2>/dev/null | tail -n 1)
echo $((${{last%%:*}} + 1))
"""


def _lines_from(number: int) -> str:
    return f"""state=active
for mark in /run/cloud-init/result.json /run/lima/seed-applied; do [ ! -e "$mark" ] || state=completed; done
echo $state
tail -n +{number} {_LOG} 2>/dev/null | head -n {_MOST_LINES}
"""


async def follow_cloud_init(
    runner: Runner,
    tell: Callable[[CloudInitProgress], None],
    *,
    limit: float = _LIMIT,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Tell every line of cloud-init's log of this boot, and at the end, whatever came before, that it is over."""
    outcome = "cloud-init has finished"
    try:
        await _follow(runner, tell, monotonic() + limit, pause)
    except TimeoutError:
        outcome = f"cloud-init did not finish within {limit:g} s; it goes on in the guest"
    except Exception as error:
        # The machine is no worse for it, so nobody who waits for the end waits for ever, or is ended by it.
        log.warning("the progress of cloud-init cannot be told", exc_info=error)
        outcome = f"the progress of cloud-init cannot be told: {error}"
    tell(CloudInitProgress(log_line=outcome, completed=True))


async def _follow(
    runner: Runner,
    tell: Callable[[CloudInitProgress], None],
    deadline: float,
    pause: Callable[[float], Awaitable[None]],
) -> None:
    number = int(await _ask(runner, _FIRST_LINE, deadline, pause))
    while True:
        state, *lines = (await _ask(runner, _lines_from(number), deadline, pause)).splitlines()
        for line in filter(str.strip, lines):
            tell(CloudInitProgress(log_line=line, active=True))
        number += len(lines)
        if state == "completed" and len(lines) < _MOST_LINES:
            return
        await pause(_PAUSE)


async def _ask(runner: Runner, script: str, deadline: float, pause: Callable[[float], Awaitable[None]]) -> str:
    """The answer of the guest, asked again while ssh is away; raises TimeoutError at the deadline."""
    while monotonic() < deadline:
        try:
            done = await runner.run(script, timeout=_ANSWER_LIMIT)
        except TimeoutError:
            continue
        if done.status == 0:
            return done.stdout.decode(errors="replace")
        log.debug("no answer about cloud-init: status %d", done.status)
        await pause(_PAUSE)
    raise TimeoutError
