"""`python -P -m limavm.virtiofs FILE`, where FILE holds the `Order` as JSON."""

import json
import os
import resource
import signal
import sys

assert sys.platform == "linux"

from limavm.virtiofs.keeper import Keeper, Order  # noqa: E402 - there is none of it elsewhere


def main(argv: list[str]) -> None:
    """Serve one share until QEMU has ended."""
    with open(argv[0], encoding="utf-8") as file:
        order = Order(**json.load(file))
    os.umask(0o077)
    # The daemon in C takes what it is given where it may not have a million.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, _end)
    Keeper(order).run()


def _end(*_: object) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
