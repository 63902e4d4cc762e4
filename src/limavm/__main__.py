"""Entry points of the installed programs `limactl` and `lima`."""

import os
import sys
from collections.abc import Callable, Sequence

from limavm.cli.main import main

__all__ = ["lima", "run"]


def run() -> None:
    """`limactl`."""
    _leave(main)


def lima() -> None:
    """`lima`: a shell in the default instance."""
    from limavm.cli import lima as wrapper

    _leave(wrapper.main)


def _leave(program: Callable[[Sequence[str]], int]) -> None:
    code = program(sys.argv[1:])
    if "click" not in sys.modules:
        # What came through `cli.fast` started no thread and left nothing to be cleaned up, and taking the
        # interpreter apart costs as much as a tenth of it.
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    run()
