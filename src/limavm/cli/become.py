"""Becomes another program, whose exit code and signals are then limactl's own. Loaded by `shell`."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from limavm.errors import ChildExit


def become(argv: Sequence[str]) -> NoReturn:
    """Replace this process by the program; on Windows, which cannot, run it and take its exit code.

    Raises UserError naming the package when the program is missing.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if sys.platform == "win32":
        from limavm.host import process

        raise ChildExit(process.interactive(argv))
    _exec(argv)


def _exec(argv: Sequence[str]) -> NoReturn:
    try:
        os.execvp(argv[0], list(argv))  # noqa: S606 - a list, no shell
    except FileNotFoundError as error:
        from limavm.host.process import missing_program

        raise missing_program(argv[0]) from error
