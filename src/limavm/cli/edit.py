"""`limactl edit` (spec/cli.md 6.1)."""

from limavm.cli.app import Command
from limavm.cli.edits import edit_flags
from limavm.cli.flags import BoolFlag
from limavm.cli.instances import DEFAULT
from limavm.cli.session import Session
from limavm.host import paths


def _edit(session: Session, args: list[str], *, start: bool | None, **flags: object) -> None:
    from limavm.cli.editing import edit_file, edit_instance
    from limavm.cli.startnow import start_now, wants_start

    argument = args[0] if args else DEFAULT
    if not paths.is_instance_name(argument):
        edit_file(session, argument, flags)
    elif edit_instance(session, argument, flags) and wants_start(session, argument, start):
        start_now(session, argument)


COMMAND = Command(
    "edit",
    _edit,
    usage="[INSTANCE|FILE.yaml]",
    most=1,
    help="""Change the configuration of an instance that does not run, or a YAML file.

Without flags that say what to change, an editor is opened: $VISUAL, $EDITOR, or
what there is. The new text is checked before it counts; one that is not taken
is kept as lima.REJECTED.yaml. Without an argument, the instance `default`.""",
    flags=[
        BoolFlag(["--start"], default=None, help="Start the instance after the change"),
        *edit_flags(),
    ],
    examples="""limactl edit
limactl edit --cpus=4 --memory=8 dev
limactl edit --set '.env.EDITOR = "vi"' dev
limactl edit ./dev.yaml""",
)
