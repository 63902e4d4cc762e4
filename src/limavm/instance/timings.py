"""The timings of the last start, for `limactl timings`."""

import os

import msgspec

from limavm.errors import NotFoundError, UserError
from limavm.host import paths
from limavm.model.timings import Timings


def load(name: str) -> Timings:
    """The timings of the last start of the instance; raises NotFoundError when it never was started."""
    paths.check_instance_name(name)
    path = os.path.join(paths.instance_dir(name), paths.TIMINGS_JSON)
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.read(), type=Timings)
    except FileNotFoundError as error:
        raise NotFoundError(
            f"there are no timings of {name!r}", where=path, hint=f"they are taken by `limactl start {name}`"
        ) from error
    except msgspec.MsgspecError as error:
        raise UserError(f"the timings cannot be read: {error}", where=path, hint="start the instance again") from error
