"""Becomes another program, whose exit code and signals are then limactl's own. Loaded by `shell`."""

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from limavm.errors import ChildExit, UserError


def become(argv: Sequence[str], *, also: Mapping[str, str] | None = None) -> NoReturn:
    """Replace this process by the program; on Windows, which cannot, run it and take its exit code.

    Its environment is ours, and what `also` has besides. Raises UserError when it cannot be started; for a program
    that is missing it names the package.
    """
    os.environ.update(also or {})
    sys.stdout.flush()
    sys.stderr.flush()
    if sys.platform == "win32":
        from limavm.host import process

        raise ChildExit(process.interactive(argv))
    _exec(argv)


def _exec(argv: Sequence[str]) -> NoReturn:
    try:
        os.execvp(argv[0], list(argv))  # noqa: S606 - a list, no shell
    except OSError as error:
        if error.errno == errno.E2BIG:
            raise UserError(
                "the command is too long for this system", hint="put what is long into a file, or on standard input"
            ) from error
        from limavm.host.process import starting

        with starting(argv):
            raise
