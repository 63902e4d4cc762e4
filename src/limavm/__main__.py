"""Entry points of the installed programs `limactl` and `lima`."""

import sys

from limavm.cli import lima as wrapper
from limavm.cli.main import main

__all__ = ["lima", "run"]


def run() -> None:
    """`limactl`."""
    sys.exit(main(sys.argv[1:]))


def lima() -> None:
    """`lima`: a shell in the default instance."""
    sys.exit(wrapper.main(sys.argv[1:]))


if __name__ == "__main__":
    run()
