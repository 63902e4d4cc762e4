"""`limactl start` (spec/cli.md 4)."""

import sys

from limavm.cli import logs
from limavm.cli.app import Command
from limavm.cli.create import choosing_flags, listed, without_questions
from limavm.cli.edits import edit_flags, new_flags
from limavm.cli.flags import BoolFlag, Duration, Flag
from limavm.cli.instances import reporter
from limavm.cli.session import Session

#: Seconds that `start` waits when nothing else is said.
DEFAULT_TIMEOUT = 600.0


def _start(session: Session, args: list[str], *, name: str, timeout: float, progress: bool, **flags: object) -> None:
    foreground = bool(flags.pop("foreground", False))
    if listed(flags):
        return
    from limavm.cli import creation
    from limavm.cli.changed import rewrite
    from limavm.instance.start import StartOptions, start
    from limavm.store import instances

    argument = args[0] if args else ""
    session = without_questions(session, argument, explicit=session.asked_for_tty)
    found = creation.target(argument, name)
    report = reporter()
    if found.locator is None and found.name and instances.is_instance(found.name):
        name = found.name
        logs.info(f"using the instance {name!r} that exists")
        rewrite(name, flags, params="effective", may_shrink=True)
    else:
        name, template = creation.named_template(found, argument)
        creation.create_from(session, name, template, flags, report=report)
    options = StartOptions(
        timeout=timeout if timeout > 0 else DEFAULT_TIMEOUT,
        foreground=foreground,
        progress=progress,
        debug=session.debug,
    )
    start(name, options, report=report)


def _own_flags() -> list[Flag]:
    # A process cannot be replaced by another one on Windows.
    foreground = [BoolFlag(["--foreground"], help="Run the host agent in the foreground")]
    return [
        *([] if sys.platform == "win32" else foreground),
        Flag(
            ["--timeout"],
            type=Duration(),
            default="10m0s",
            help="How long to wait until the instance runs (default 10m0s)",
        ),
        BoolFlag(["--progress"], help="Show what cloud-init does, and wait until it is done"),
    ]


_OWN = _own_flags()
_SHARED = [*choosing_flags(), *edit_flags(), *new_flags()]

COMMAND = Command(
    "start",
    _start,
    usage="[NAME|FILE.yaml|URL|template:NAME|-]",
    most=1,
    help="""Start an instance, creating it when needed.

Without an argument, the instance `default`. A word that can be the name of an
instance is one; everything else says where the template of a new instance is.""",
    flags=[*_OWN, *_SHARED],
    flag_titles=[
        ("Flags", [flag.name or "" for flag in _OWN]),
        ("Flags shared with `limactl create`", [flag.name or "" for flag in _SHARED]),
    ],
    examples="""limactl start
limactl start --name=dev --cpus=4 template:debian
limactl start ./dev.yaml
limactl start dev""",
)
