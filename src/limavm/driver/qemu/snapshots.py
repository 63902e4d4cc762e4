"""Snapshots of a machine that runs: its memory and its disks, inside of the qcow2 files (spec/runtime.md 4.9).

They are the same ones that `savevm` makes and `qemu-img snapshot` shows. QEMU's jobs are used instead of that
command: they name the disk that gets the memory, do with tags of any kind, and tell what went wrong. The variables
of UEFI are no part of the disks: flash belongs to the memory, and QEMU writes it back after a load.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from limavm.driver.qemu import qmp
from limavm.errors import UserError
from limavm.model.machine import Machine

#: Seconds until QEMU, which does nothing else meanwhile, has written or read the memory of a machine.
LIMIT = 1800.0
_STOP_HINT = "a machine that is stopped can be snapshotted in any case: `limactl stop` first"
#: Lines of `info snapshots` that are no table.
_HEADINGS = ("List of ", "There is no snapshot", "None")
#: A load that was refused before anything was touched leaves the machine as it was, but for a pause.
_UNTOUCHED = ("does not exist", "disk-only", "does not support snapshots", "not found")


class Monitor(Protocol):
    """What is asked of the monitor; each raises QMPLost and QMPRefused."""

    async def ask(self, command: str) -> str:
        """What QEMU answers to a command for people."""

    async def execute(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        """The result of a command."""

    async def execute_long(self, name: str, arguments: Mapping[str, object], limit: float) -> object:
        """The same of one that keeps the monitor busy; everybody else waits."""


class Snapshots:
    """The snapshots of one machine; one is made, loaded or removed at a time."""

    def __init__(self, machine: Callable[[], Machine], monitor: Callable[[], Monitor]) -> None:
        self._machine = machine
        self._monitor = monitor
        self._busy = False

    async def table(self) -> str:
        """The table that QEMU prints; empty when there are none."""
        text = await _told(self._monitor().ask("info snapshots"))
        lines = [line for line in text.replace("\r", "").splitlines() if line and not line.startswith(_HEADINGS)]
        unique = [line for index, line in enumerate(lines) if not (index and line == lines[0])]
        return "".join(f"{line}\n" for line in unique)

    async def create(self, tag: str) -> None:
        """Save memory and disks under a tag that is free; the machine stands still meanwhile. Raises UserError."""
        await self._alone(self._create, tag)

    async def apply(self, tag: str) -> None:
        """Let the machine go on as it was when it was saved. Raises UserError, and it goes on as it is then."""
        await self._alone(self._apply, tag)

    async def delete(self, tag: str) -> None:
        """Remove a snapshot from all disks that have it; raises UserError."""
        await self._alone(self._delete, tag)

    async def _alone(self, act: Callable[[str], Awaitable[None]], tag: str) -> None:
        if self._busy:
            raise UserError("another command is at work on the snapshots of this machine", hint="wait until it ends")
        self._busy = True
        try:
            await act(tag)
        finally:
            self._busy = False

    async def _create(self, tag: str) -> None:
        self._check_formats()
        disks = await self._disks()
        if any(tag in known for known in disks.values()):
            raise UserError(f"there is a snapshot {tag!r} already", hint="choose another tag, or delete it first")
        try:
            await self._job("snapshot-save", tag, disks, vmstate=True)
        except UserError as error:
            raise UserError(f"the snapshot was not made: {error.message}", hint=_STOP_HINT) from error

    async def _apply(self, tag: str) -> None:
        disks = await self._disks()
        _check_known(tag, disks)
        if lacking := [name for name, known in disks.items() if tag not in known]:
            message = f"not all disks have the snapshot {tag!r}: it is missing on {len(lacking)} of {len(disks)}"
            raise UserError(message, hint="stop the machine, and apply it to the main disk alone")
        running = await _told(self._monitor().execute("query-status"))
        try:
            await self._job("snapshot-load", tag, disks, vmstate=True)
        except UserError as error:
            await self._go_on(running, error)

    async def _go_on(self, before: object, error: UserError) -> None:
        """QEMU leaves a machine paused whose snapshot it could not load."""
        touched = not any(words in error.message for words in _UNTOUCHED)
        if touched:
            await _told(self._monitor().execute("system_reset"))
        if isinstance(before, dict) and before.get("running"):
            await _told(self._monitor().execute("cont"))
        hint = "the machine boots again, from its disks as they are" if touched else "it goes on as it was"
        if "disk-only" in error.message:
            hint = "it was made while the machine was stopped: `limactl stop` first, then apply it"
        raise UserError(f"the snapshot was not applied: {error.message}", hint=hint) from error

    async def _delete(self, tag: str) -> None:
        disks = await self._disks()
        _check_known(tag, disks)
        await self._job("snapshot-delete", tag, [name for name, known in disks.items() if tag in known])

    def _check_formats(self) -> None:
        machine = self._machine()
        for drive in (machine.disk, *machine.data_disks):
            if drive and drive.format != "qcow2" and not drive.read_only:
                message = f"a disk of the format {drive.format} holds no snapshots"
                raise UserError(message, where=drive.path, hint="only qcow2 does; `qemu-img convert` makes one of it")

    async def _disks(self) -> dict[str, set[str]]:
        """The tags on each disk that the guest can write to, by the disk's node; the main disk comes first."""
        answer = await _told(self._monitor().execute("query-block"))
        main = self._machine().disk
        first: dict[str, set[str]] = {}
        rest: dict[str, set[str]] = {}
        for entry in answer if isinstance(answer, list) else ():
            inserted: Mapping[str, Any] = entry.get("inserted") or {}
            if not inserted or inserted.get("ro") or str(entry.get("device")).startswith("pflash"):
                continue
            image = inserted.get("image") or {}
            place = first if main and inserted.get("file") == main.path else rest
            place[str(inserted["node-name"])] = {str(one["name"]) for one in image.get("snapshots", ())}
        if not first:
            raise UserError("QEMU does not show the disk of this machine")
        return first | rest

    async def _job(
        self, command: str, tag: str, disks: Mapping[str, object] | list[str], *, vmstate: bool = False
    ) -> None:
        job = f"lima-{secrets.token_hex(4)}"
        nodes = list(disks)
        arguments: dict[str, object] = {"job-id": job, "tag": tag, "devices": nodes}
        if vmstate:
            arguments["vmstate"] = nodes[0]
        monitor = self._monitor()
        await _told(monitor.execute_long(command, arguments, LIMIT))
        pause = 0.01
        while (state := await self._state(job)).get("status") != "concluded":
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 1.0)
        await _told(monitor.execute("job-dismiss", {"id": job}))
        if error := state.get("error"):
            raise UserError(str(error))

    async def _state(self, job: str) -> Mapping[str, Any]:
        # Long: QEMU may still be at work when it has answered the first command.
        jobs = await _told(self._monitor().execute_long("query-jobs", {}, LIMIT))
        found = [one for one in jobs if one.get("id") == job] if isinstance(jobs, list) else []
        return found[0] if found else {"status": "concluded", "error": "QEMU knows nothing of it any more"}


def _check_known(tag: str, disks: Mapping[str, set[str]]) -> None:
    if not any(tag in known for known in disks.values()):
        raise UserError(f"there is no snapshot {tag!r}", hint="`limactl snapshot list` shows those there are")


async def _told(answer: Awaitable[Any]) -> Any:
    """The answer; what goes wrong with the monitor is raised as UserError."""
    try:
        return await answer
    except qmp.QMPRefused as error:
        raise UserError(f"QEMU refused: {error}") from error
    except qmp.QMPLost as error:
        raise UserError(f"QEMU's monitor does not answer: {error}") from error
