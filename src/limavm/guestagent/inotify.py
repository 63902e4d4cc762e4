"""Files of mounts get the times that they have on the host, which programs in the guest see as a change."""

import asyncio
import logging
import os

from limavm.guestagent.clock import nanoseconds
from limavm.wire.messages import Inotify

log = logging.getLogger(__name__)


async def touch(message: Inotify) -> None:
    """Set the times of an existing file; what is wrong with it is logged, and nothing else."""
    path = message.mount_path
    try:
        if not os.path.isabs(path):
            raise ValueError("not an absolute path")
        when = nanoseconds(message.time)
        # A file system of the host may take its time. A link in a mount may be made by anybody in the guest, and lead
        # to a file that is none of theirs.
        await asyncio.to_thread(os.utime, path, ns=(when, when), follow_symlinks=False)
    except FileNotFoundError:
        log.debug("inotify: %r does not exist", path[:200])
    except (OSError, ValueError, OverflowError) as error:
        log.warning("inotify: %r: %s", path[:200], getattr(error, "strerror", None) or error)
