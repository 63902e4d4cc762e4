"""`ssh.forwardAgent`: the host's ssh agent under a name in the guest that stays (spec/runtime.md 3.6, step 4)."""

import asyncio
import logging

from limavm.hostagent.guest import Guest

log = logging.getLogger(__name__)

#: The socket that sshd makes is for one connection of the master; a boot script makes the directory.
_LINK = """[ -n "$SSH_AUTH_SOCK" ] || exit 3
i=0
while [ $i -lt 100 ]; do
  [ -d /run/host-services ] && exec ln -sfn "$SSH_AUTH_SOCK" /run/host-services/ssh-auth.sock
  sleep 0.2
  i=$((i + 1))
done
echo "there is no /run/host-services" >&2
exit 1
"""
_NO_AGENT = 3
_LIMIT = 60.0
_PAUSE = 5.0


async def keep_linked(guest: Guest) -> None:
    """Until cancelled: link `/run/host-services/ssh-auth.sock` in the guest, anew for each ssh master."""
    while True:
        await guest.master.connected.wait()
        if await _link(guest):
            await guest.master.disconnected.wait()
        else:
            await asyncio.sleep(_PAUSE)


async def _link(guest: Guest) -> bool:
    """Whether there is nothing more to do for this connection."""
    try:
        done = await guest.run(_LINK, timeout=_LIMIT)
    except TimeoutError:
        log.debug("the link to the ssh agent was not made within %g s", _LIMIT)
        return False
    if done.status == _NO_AGENT:
        log.warning("There is no ssh agent to forward: SSH_AUTH_SOCK is not set on the host, or the guest forbids it")
    elif done.status:
        log.debug("the link to the ssh agent was not made: %s", done.stderr.decode(errors="replace").strip()[-500:])
    return done.status in (0, _NO_AGENT)
