"""When the guest's own phases were: kernel, and the stages of cloud-init, told once it is ready."""

import logging
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from limavm.hostagent.guest import Guest
from limavm.model.value import Value
from limavm.store.timings import Recorder

log = logging.getLogger(__name__)

#: First line: the guest's clock now and its uptime; second: when the kernel handed over to user space,
#: in microseconds since the kernel began; then what cloud-init says of its stages, if it ran in this boot.
_ASK = """read -r up _ < /proc/uptime
echo "$(date +%s.%N) $up"
systemctl show --property=UserspaceTimestampMonotonic --value 2>/dev/null || echo 0
cat /run/cloud-init/status.json 2>/dev/null || :
"""


class GuestPhase(Value, frozen=True, kw_only=True):
    """A phase in seconds relative to the moment of asking, so both numbers are negative."""

    name: str
    begin: float
    end: float


async def record_guest_phases(guest: Guest, recorder: Recorder) -> None:
    """Add the guest's phases to the timings; a guest that does not tell leaves them out."""
    try:
        done = await guest.run(_ASK, timeout=60)
        now = recorder.now()
        phases = guest_phases(done.stdout.decode(errors="replace"))
    except (TimeoutError, OSError, ValueError, msgspec.MsgspecError) as error:
        log.debug("the guest does not tell its phases: %s", error)
        return
    for phase in phases:
        if now + phase.begin >= 0:
            recorder.add(phase.name, now + phase.begin, now + phase.end)
    recorder.save()


def guest_phases(answer: str) -> list[GuestPhase]:
    """The phases in the guest's answer; raises ValueError when it is not one."""
    first, second, status = answer.split("\n", 2)
    now, uptime = (float(word) for word in first.split())
    userspace = int(second or 0) / 1e6
    phases = []
    if 0 < userspace <= uptime:
        phases.append(GuestPhase(name="kernel", begin=-uptime, end=userspace - uptime))
    for stage, times in _stages(msgspec.json.decode(status) if status.strip() else {}).items():
        # cloud-init tells seconds since the epoch; since 24.3 those since the kernel began.
        reference = uptime if times[1] <= uptime else now
        phases.append(GuestPhase(name=f"cloud-init: {stage}", begin=times[0] - reference, end=times[1] - reference))
    return phases


def _stages(status: Any) -> Mapping[str, tuple[float, float]]:
    """Begin and end of each finished stage, on one of cloud-init's clocks."""
    stages = status.get("v1") if isinstance(status, dict) else None
    found = {}
    for name in ("init-local", "init", "modules-config", "modules-final"):
        stage = stages.get(name) if isinstance(stages, dict) else None
        if isinstance(stage, dict) and _is_time(stage.get("start")) and _is_time(stage.get("finished")):
            found[name] = (stage["start"], stage["finished"])
    return found


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and 0 < value < time.time() + 86400
