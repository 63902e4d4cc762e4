"""Whether a command that changed or made an instance starts it, too (spec/cli.md 1.11)."""

from limavm.cli import menu
from limavm.cli.session import Session
from limavm.cli.start import DEFAULT_TIMEOUT


def wants_start(session: Session, name: str, start: bool | None) -> bool:
    """What `--start` says; when it was not given, what the user answers, if they can be asked."""
    if start is not None:
        return start
    return session.tty and menu.confirm(f"Start the instance {name!r} now?")


def start_now(session: Session, name: str) -> None:
    """Start the instance as `limactl start` does."""
    from limavm.cli.instances import reporter
    from limavm.instance.start import StartOptions, start

    start(name, StartOptions(timeout=DEFAULT_TIMEOUT, debug=session.debug), report=reporter())
