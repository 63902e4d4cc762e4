"""`limactl create` (spec/cli.md 4)."""

import sys

from limavm.cli import logs
from limavm.cli.app import Command
from limavm.cli.edits import edit_flags, new_flags
from limavm.cli.flags import BoolFlag, Flag
from limavm.cli.instances import reporter
from limavm.cli.session import Session
from limavm.errors import UserError


def choosing_flags() -> list[Flag]:
    """The flags by which `create` and `start` choose the instance, or only list what there is."""
    return [
        Flag(["--name"], metavar="string", default="", help="Name of the instance"),
        BoolFlag(["--list-templates"], help="List the templates and do nothing else"),
        BoolFlag(["--list-drivers"], help="List the drivers and do nothing else"),
    ]


def listed(flags: dict[str, object]) -> bool:
    """Print the list that a flag asks for; whether there was one."""
    templates, drivers = flags.pop("list_templates"), flags.pop("list_drivers")
    names: list[str] = []
    if templates:
        from limavm.cli.templates import visible_templates

        names = visible_templates()
    elif drivers:
        from limavm.driver import registry

        names = registry.names()
    sys.stdout.write("".join(f"{name}\n" for name in names))
    return bool(templates or drivers)


def without_questions(session: Session, argument: str, *, explicit: bool) -> Session:
    """The session for a template from standard input, which nobody can answer questions on."""
    if argument != "-":
        return session
    if explicit:
        raise UserError("--tty and a template from standard input exclude each other")
    return Session(tty=False, debug=session.debug)


def _create(session: Session, args: list[str], *, name: str, **flags: object) -> None:
    if listed(flags):
        return
    from limavm.cli import creation
    from limavm.instance.prepare import prepare
    from limavm.store import instances

    argument = args[0] if args else ""
    session = without_questions(session, argument, explicit=session.asked_for_tty)
    found = creation.target(argument, name)
    if found.locator is None and found.name and instances.is_instance(found.name):
        raise UserError(f"the instance {found.name!r} exists already", hint=f"start it: `limactl start {found.name}`")
    report = reporter()
    name, template = creation.named_template(found, argument)
    creation.create_from(session, name, template, flags, report=report)
    prepare(name, report=report)
    logs.info(f"instance {name!r} is ready to be started with `limactl start {name}`")


COMMAND = Command(
    "create",
    _create,
    usage="[FILE.yaml|URL|template:NAME|-]",
    most=1,
    help="""Create an instance of Lima.

Its images are downloaded or built, and it is not started.""",
    flags=[*choosing_flags(), *edit_flags(), *new_flags()],
    examples="""limactl create
limactl create --name=dev --cpus=4 --memory=8 template:debian
limactl create ./dev.yaml
limactl create --name=dev - <dev.yaml""",
)
