"""A text that the user wrote and that is no configuration is kept beside them (spec/config.md 9)."""

import contextlib
import os
from collections.abc import Iterator

from limavm.errors import UserError
from limavm.host.files import write_atomic

REJECTED = "lima.REJECTED.yaml"


@contextlib.contextmanager
def kept_when_rejected(text: bytes) -> Iterator[None]:
    """Write `text` into the current directory if the context fails with a UserError, which then says so.

    A directory that cannot be written to changes nothing about the error.
    """
    try:
        yield
    except UserError as error:
        path = os.path.abspath(REJECTED)
        try:
            write_atomic(path, text)
            kept = f"the rejected text was kept in {path}"
        except OSError as full:
            kept = f"the rejected text could not be kept in {path}: {full.strerror}"
        error.hint = f"{error.hint}; {kept}" if error.hint else kept
        raise
