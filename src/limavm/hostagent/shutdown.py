"""How a machine is ended: the power button, more than once, then `poweroff` over ssh, then the plug.

A guest that has no handler for the button yet, or loses one press, is asked again and again; one that
does not listen is told over ssh as well; what still runs after the limit is killed (spec/runtime.md 4.8, 15).
Whoever stops one that is at it is told what it waits for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from limavm.driver import VirtualMachine
from limavm.errors import UserError
from limavm.host.aprocess import Completed
from limavm.host.clock import monotonic
from limavm.hostagent.farewell import Farewell
from limavm.model.value import Value

log = logging.getLogger(__name__)


#: Seconds between presses at most.
_LONGEST_PAUSE = 10.0


class Patience(Value, frozen=True, kw_only=True):
    """Seconds: until the button is pressed again (longer each time), until ssh is tried, until the machine is killed.

    And `unit`: until what the guest has asked to stop, and has not stopped, is named.

    A machine that has just become ready may not have the handler of its button yet, and has it a moment later.
    """

    button: float = 2.0
    ssh: float = 30.0
    kill: float = 180.0
    unit: float = 5.0


async def power_off(
    vm: VirtualMachine,
    poweroff_over_ssh: Callable[[], Awaitable[Completed]],
    hurry: asyncio.Event,
    patience: Patience = Patience(),  # noqa: B008 - frozen
    said: Callable[[], Farewell] = Farewell,
) -> None:
    """Return when the machine has ended; `hurry` cuts everything short. `said` is what the guest tells of its end."""
    asking = asyncio.create_task(_ask(vm, poweroff_over_ssh, patience, said), name="ask the guest to power off")
    telling = asyncio.create_task(_tell(said, patience.unit), name="tell what the guest waits for")
    ended = asyncio.create_task(vm.wait(), name="the machine ends")
    hurried = asyncio.create_task(hurry.wait(), name="a second signal")
    try:
        done, _ = await asyncio.wait({ended, hurried}, timeout=patience.kill, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (asking, telling, ended, hurried):
            task.cancel()
        failures = await asyncio.gather(asking, telling, return_exceptions=True)
        await asyncio.gather(ended, hurried, return_exceptions=True)
    for failure in failures:
        if isinstance(failure, Exception):
            log.error("Asking the guest to power off has a defect", exc_info=failure)
    if ended in done:
        log.info("The guest has powered off")
        return
    why = "a second signal came" if hurried in done else f"the guest did not power off within {patience.kill:g} s"
    log.warning("Killing the machine: %s", why)
    await vm.kill()


async def _ask(
    vm: VirtualMachine,
    poweroff_over_ssh: Callable[[], Awaitable[Completed]],
    patience: Patience,
    said: Callable[[], Farewell],
) -> None:
    """Ask until cancelled: a guest that is still booting hears neither its button nor ssh for a while.

    One that shuts down is not bothered over ssh. Its button is pressed all the same: it may be about to boot again.
    """
    began, pause = monotonic(), patience.button
    while True:
        await _try("press the power button", vm.press_power_button)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
        # A monitor that is silent takes its time for each press.
        if monotonic() - began >= patience.ssh and not said().begun:
            log.warning("The guest does not answer to its power button; powering it off over ssh")
            await _try("power off over ssh", poweroff_over_ssh)


async def _tell(said: Callable[[], Farewell], pause: float) -> None:
    """Tell, until cancelled, each unit that the shutdown has been waiting for all the time between two looks."""
    before: set[str] = set()
    told: set[str] = set()
    while True:
        now = said()
        waits_for = set(now.waits_for) if now.begun else set()
        if late := [unit for unit in now.waits_for if unit in waits_for & before - told]:
            log.info("The guest is shutting down and waits for the end of %s", ", ".join(late))
            told.update(late)
        before = waits_for
        await asyncio.sleep(pause)


async def _try(what: str, step: Callable[[], Awaitable[Completed | None]]) -> None:
    try:
        done = await step()
    except TimeoutError:
        log.warning("Could not %s: no answer", what)
    except (OSError, UserError) as error:
        log.warning("Could not %s: %s", what, error)
    else:
        if done is not None and done.status:
            reason = done.stderr.decode(errors="replace").strip()[-500:]
            log.warning("Could not %s: exit status %d%s", what, done.status, f": {reason}" if reason else "")
