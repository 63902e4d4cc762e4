"""`limactl mount verify`: whether what one side of a mount writes is what the other side reads.

Both sides work in a new directory of the mount, which is removed in the end. The same operations are
carried out beside, in a directory of the host that nobody shares, and what both sides see is compared with that.
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from random import Random

from limavm.errors import UserError
from limavm.host.trees import directory_beneath, remove_tree
from limavm.instance.verify.guest import GuestError, Requester
from limavm.instance.verify.operations import round_of
from limavm.instance.verify.sides import Sides, Verdict
from limavm.model.mount import MountState

#: Names of the directories in which it works begin so.
PREFIX = ".limavm-verify-"
#: Differences of one mount after which nothing new can be learnt.
_ENOUGH = 100


def verify(
    mount: MountState, guest: Requester, *, seconds: float, seed: int, links: bool = True, modes: bool = True
) -> Verdict:
    """Examine one mount for so many seconds, a round at least.

    A read-only mount is written by the host only, and the guest's attempt to write has to fail. Raises UserError
    when the host cannot write to the directory. What the guest cannot do ends the examination, and is the verdict's
    error, as what the host cannot do later: a guest may take away what it works on. Ctrl-C ends it with a verdict too.
    """
    deadline = time.monotonic() + seconds
    with _workplace(mount.location) as place, tempfile.TemporaryDirectory(prefix="limavm-verify-") as beside:
        sides = Sides(mount, guest, os.path.basename(place), place, beside, modes=modes)
        random = Random(seed)  # noqa: S311 - to be repeated
        try:
            sides.check_access()
            number = 0
            while number == 0 or (time.monotonic() < deadline and len(sides.found) < _ENOUGH):
                writer = "guest" if mount.writable and number % 2 else "host"
                sides.play(round_of(number, random, links=links), writer)
                number += 1
        except GuestError as error:
            return sides.verdict(error)
        except OSError as error:
            return sides.verdict(GuestError(f"on the host: {error}"))
        except KeyboardInterrupt:
            return sides.verdict(interrupted=True)
        return sides.verdict()


@contextlib.contextmanager
def _workplace(location: str) -> Iterator[str]:
    try:
        place = tempfile.mkdtemp(prefix=PREFIX, dir=location)
    except OSError as error:
        raise UserError(
            f"nothing can be written to {location}, which is shared: {error.strerror}",
            where=location,
            hint="make the directory writable, or share another one",
        ) from error
    try:
        with directory_beneath(place) as descriptor:
            os.chmod(place if descriptor is None else descriptor, 0o755)  # noqa: S103 - the guest's user may be another one
        yield place
    finally:
        remove_tree(place)
