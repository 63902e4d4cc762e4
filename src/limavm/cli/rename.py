"""`limactl rename` (spec/cli.md 6.2)."""

from limavm.cli.app import Command
from limavm.cli.edits import edit_flags
from limavm.cli.flags import BoolFlag
from limavm.cli.session import Session


def _rename(session: Session, args: list[str], *, start: bool | None, **flags: object) -> None:
    from limavm.cli.another import another
    from limavm.cli.instances import reporter
    from limavm.cli.startnow import start_now, wants_start
    from limavm.instance.autostart import follow_rename
    from limavm.instance.rename import rename

    old, new = args
    with another(old, new, flags, done="renamed") as (original, text):
        rename(original, new, text, report=reporter())
    follow_rename(old, new, report=reporter())
    if wants_start(session, new, start):
        start_now(session, new)


COMMAND = Command(
    "rename",
    _rename,
    usage="OLDINST NEWINST",
    least=2,
    most=2,
    help="""Give an instance that does not run another name.

The host name in the guest follows at the next start. Nothing is copied.""",
    flags=[
        BoolFlag(["--start"], default=None, help="Start the instance under its new name"),
        *edit_flags(),
    ],
    examples="limactl rename dev work\nlimactl rename --memory=8 --start dev work",
)
