"""Long texts, page by page: `$PAGER`, else less (spec/cli.md 7.6)."""

import os
import re
import signal
from collections.abc import Mapping

from limavm.host import process

_DEFAULT = ("less", "-R")
_RAW = re.compile(r"(--RAW-CONTROL-CHARS|--raw-control-chars|-[A-Za-z]*[rR][A-Za-z]*)")


def pager_argv(environment: Mapping[str, str]) -> list[str]:
    """The pager; a less that would show colours as codes is told not to."""
    argv = environment.get("PAGER", "").split() or list(_DEFAULT)
    given = [*argv[1:], *environment.get("LESS", "").split()]
    if os.path.basename(argv[0]) == "less" and not any(map(_RAW.fullmatch, given)):
        argv.append("-R")
    return argv


def page(path: str) -> None:
    """Show a file; Ctrl-C is for the pager. Raises UserError when there is no such program."""
    # No SIG_IGN, which the pager would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        process.interactive([*pager_argv(os.environ), path])
    finally:
        signal.signal(signal.SIGINT, before)
