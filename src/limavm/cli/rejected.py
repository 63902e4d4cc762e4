"""A text that the user wrote and that is not taken is kept beside them (spec/config.md 9)."""

import contextlib
import os
from collections.abc import Iterator

from limavm.cli import logs
from limavm.errors import UserError
from limavm.host import textfile

REJECTED = "lima.REJECTED.yaml"


@contextlib.contextmanager
def kept_when_rejected(text: bytes) -> Iterator[None]:
    """Write `text` into the current directory if the context fails; the hint of a UserError then says so.

    A directory that cannot be written to changes nothing about the error.
    """
    try:
        yield
    except UserError as error:
        kept = _keep(text)
        error.hint = f"{error.hint}; {kept}" if error.hint else kept
        raise
    except Exception:
        # Whatever went wrong with us, the work of the user is theirs.
        logs.warning(_keep(text))
        raise


def _keep(text: bytes) -> str:
    """Write it down; returns the sentence about it."""
    path = os.path.abspath(REJECTED)
    try:
        textfile.write(path, text, "the rejected text")
    except UserError as error:
        return f"{error.message} to {path}"
    return f"the rejected text was kept in {path}"
