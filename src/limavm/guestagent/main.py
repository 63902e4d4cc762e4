"""The guest agent's command line: `daemon`, and `install-systemd` (spec/runtime.md 7.1, 7.2)."""

import logging
import os
import sys
from collections.abc import Sequence

from limavm.guestagent.daemon import Options, serve
from limavm.guestagent.flags import FlagError, parse_flags
from limavm.guestagent.install import NAME, install_systemd
from limavm.guestagent.keeper import keep


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sub-command of `argv`, without the program's name; the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    command = words.pop(0) if words else ""
    if command == "install-systemd":
        return install_systemd(words)
    if command != "daemon":
        return _failed(f"usage: {NAME} daemon|install-systemd [flags]")
    try:
        options = options_of(words)
    except FlagError as error:
        return _failed(str(error))
    if sys.platform == "win32" or os.geteuid() != 0:
        return _failed("the daemon has to be run by root")
    return run_daemon(options)


def options_of(words: list[str]) -> Options:
    """The options that the flags give; raises FlagError."""
    values = parse_flags(words, {name.replace("_", "-"): value for name, value in Options()._asdict().items()})
    return Options(**{name.replace("-", "_"): value for name, value in values.items()})  # type: ignore[arg-type]


def run_daemon(options: Options) -> int:
    """Serve until a signal ends it; the exit status."""
    logging.basicConfig(level=logging.DEBUG if options.debug else logging.INFO, format="%(levelname)s: %(message)s")
    logging.getLogger("grpclib").setLevel(logging.DEBUG if options.debug else logging.WARNING)
    logging.getLogger("hpack").setLevel(logging.WARNING)
    return keep(lambda: serve(options))


def _failed(why: str) -> int:
    sys.stderr.write(f"{NAME}: {why}\n")
    return 1
