"""`limactl clone` (spec/cli.md 6.2)."""

from limavm.cli.app import Command
from limavm.cli.edits import edit_flags
from limavm.cli.flags import BoolFlag
from limavm.cli.session import Session


def _clone(session: Session, args: list[str], *, start: bool | None, **flags: object) -> None:
    from limavm.cli import logs
    from limavm.cli.another import another
    from limavm.cli.identity import with_own_identity
    from limavm.cli.instances import reporter
    from limavm.cli.startnow import start_now, wants_start
    from limavm.instance.clone import clone

    old, new = args
    with another(old, new, flags, done="cloned") as (original, text):
        text, changes = with_own_identity(text, original.text, source=original.path)
        for change in changes:
            logs.info(f"{new!r}: {change}")
        clone(original, new, text, report=reporter())
    if wants_start(session, new, start):
        start_now(session, new)


COMMAND = Command(
    "clone",
    _clone,
    usage="OLDINST NEWINST",
    least=2,
    most=2,
    help="""Make an instance that is a copy of one that does not run.

The copy has its own disk, host name, MAC address and port of ssh. It is not
protected if the original is. Flags change the copy only. What the disk holds
now is shared by both, and kept until the last of them is deleted: that takes
neither time nor space.""",
    flags=[
        BoolFlag(["--start"], default=None, help="Start the new instance"),
        *edit_flags(),
    ],
    examples="limactl clone dev test\nlimactl clone --cpus=4 --start dev test",
)
