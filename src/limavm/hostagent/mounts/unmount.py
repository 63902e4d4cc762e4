"""Takes a mount out of the guest; one that is used says by whom."""

import asyncio

from limavm.errors import UserError
from limavm.hostagent.guest import Guest
from limavm.hostagent.mounts.entry import Entry
from limavm.hostagent.mounts.guestscripts import holders_script, unmount_script
from limavm.hostagent.mounts.holders import holders
from limavm.model.printable import printable

_LIMIT = 30.0
#: Seconds until ssh is back, as after a restart of sshd.
_RECONNECTED = 30.0
_MOST = 5


async def unmounted(guest: Guest, entry: Entry, *, lazily: bool, patience: float = _RECONNECTED) -> None:
    """Return when it is unmounted, `lazily` also while it is used; raises UserError that says who uses it."""
    if not entry.shared and not guest.master.connected.is_set():
        return  # then it is dead; what the hypervisor offers is not
    try:
        async with asyncio.timeout(patience):
            await guest.master.connected.wait()
    except TimeoutError as error:
        hint = "try again when `limactl shell` works"
        raise UserError(f"{entry.point} cannot be unmounted: ssh to the guest is not connected", hint=hint) from error
    try:
        done = await guest.run(unmount_script(entry.point, entry.kind, lazily=lazily), timeout=_LIMIT)
    except TimeoutError as error:
        raise UserError(f"{entry.point} could not be unmounted within {_LIMIT:g} s") from error
    if done.status == 0:
        return
    words = printable(done.stderr.decode(errors="replace").strip()[-500:], instead=" ")
    users = await _holders(guest, entry.point)
    if users:
        raise UserError(
            f"{entry.point} is used in the guest by {users}",
            hint="end these programs, or use --force: they get errors then",
        )
    raise UserError(f"{entry.point} cannot be unmounted: {words}")


async def _holders(guest: Guest, point: str) -> str:
    """The programs that use files below a mount point, as words; empty when none is found."""
    try:
        done = await guest.run(holders_script(point), timeout=_LIMIT)
    except TimeoutError:
        return ""
    found = holders(done.stdout.decode(errors="replace"))
    named = [f"{printable(name)} (PID {pid})" for pid, name in found[:_MOST]]
    return ", ".join(named) + (f" and {len(found) - _MOST} more" if len(found) > _MOST else "")
