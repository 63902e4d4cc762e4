"""Room for many connections in the guest's sshd.

All forwards by ssh and every `limactl shell` are of one connection, which one process of sshd serves. With the usual
limit of 1024 open files it would refuse new connections beyond about 1,000 of them, and new shells as well. The
hard limit is higher, and the process runs as the user, who may raise its limit. What is started through the
connection inherits that, so it is not raised further than useful: some programs close all files they might have.

The ssh master of the host has one descriptor for each connection as well, and our limit. It is to be the higher one:
sshd refuses what is too much at once, while a master without descriptors lets new connections and shells wait.
"""

import asyncio
import logging
import sys

if sys.platform != "win32":
    import resource

from limavm.hostagent.guest import Guest

log = logging.getLogger(__name__)

#: Descriptors: ten thousand connections, and half as many for other things.
_FILES = 16384
#: Of the master's descriptors, those that are no connections of forwards: files, forwards, `limactl shell`.
_SPARE = 256
#: The login shell may stand between sshd and us. prlimit is of util-linux; a guest without it keeps its limit.
_RAISE = """pid=$$ name=
until case $name in sshd*) ;; *) false ;; esac; do
  while read -r key value; do
    [ "$key" = PPid: ] && break
  done </proc/$pid/status
  pid=$value
  [ "$pid" -gt 1 ] || exit 0
  read -r name </proc/$pid/comm
done
while read -r one two three soft hard rest; do
  [ "$one $two $three" = "Max open files" ] && break
done </proc/$pid/limits
[ "$hard" = unlimited ] || [ "$hard" -ge $want ] || want=$hard
[ "$soft" = unlimited ] || [ "$soft" -ge "$want" ] || exec prlimit --pid "$pid" --nofile="$want:"
"""
_SSH_FAILED = 255
_LIMIT = 60.0
_PAUSE = 5.0


async def keep_raised(guest: Guest, ready: asyncio.Event) -> None:
    """Until cancelled: raise the limit for each ssh master, the first time when the guest is `ready`."""
    await ready.wait()  # while the guest boots, it has better to do
    while True:
        await guest.master.connected.wait()
        if await _raise(guest):
            await guest.master.disconnected.wait()
        else:
            await asyncio.sleep(_PAUSE)


async def _raise(guest: Guest) -> bool:
    """Whether there is nothing more to do for this connection."""
    script = f"want={wanted(our_limit())}\n{_RAISE}"
    try:
        done = await guest.run(script, timeout=_LIMIT)
    except TimeoutError:
        log.debug("sshd's limit of open files was not raised within %g s", _LIMIT)
        return False
    if done.status:
        words = done.stderr.decode(errors="replace").strip()[-500:]
        log.debug("sshd's limit of open files was not raised (status %d): %s", done.status, words)
    return done.status != _SSH_FAILED


def wanted(ours: int) -> int:
    """The limit for sshd where ours, and so that of the master, is `ours`."""
    return max(min(_FILES, ours - _SPARE), 0)


def our_limit() -> int:
    """How many files this process may have open."""
    if sys.platform != "win32":
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY:
            return soft
    return sys.maxsize
