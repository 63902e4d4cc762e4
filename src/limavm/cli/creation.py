"""From what `create` and `start` were given to an instance that exists (spec/cli.md 4.2 to 4.5)."""

import os
from collections.abc import Mapping

from limavm.cli import logs
from limavm.cli.changed import changed, places, whole
from limavm.cli.instances import DEFAULT
from limavm.cli.rejected import REJECTED, kept_when_rejected
from limavm.cli.session import Session
from limavm.cli.templates import read_template
from limavm.config.decode import decode
from limavm.config.errors import ConfigError
from limavm.config.locator import Template
from limavm.errors import UserError
from limavm.host import paths
from limavm.instance.create import create
from limavm.instance.resolving import resolve_new
from limavm.model.report import Reporter
from limavm.model.value import Value
from limavm.store import instances

_DEFAULT_TEMPLATE = "template:default"


class Target(Value, frozen=True, kw_only=True):
    """The instance that is meant: its name, and where its template is unless it is named only."""

    name: str | None
    locator: str | None = None


def target(argument: str, name: str) -> Target:
    """What an argument and `--name` mean; the name is None when the template gives it.

    A word that could be the name of an instance is one. Raises UserError when both name different ones.
    """
    if name:
        paths.check_instance_name(name)
    if argument == "-" and not name:
        raise UserError("a template from standard input has no name", hint="give one with --name")
    if argument and not paths.is_instance_name(argument):
        return Target(name=name or None, locator=argument)
    if argument and name and argument != name:
        raise UserError(f"the argument {argument!r} and --name={name} name different instances", hint="leave one out")
    return Target(name=argument or name or DEFAULT)


def named_template(found: Target, argument: str) -> tuple[str, Template]:
    """The name and the template of an instance that does not exist yet."""
    if found.locator is None:
        assert found.name is not None
        if argument not in ("", DEFAULT):
            logs.info(f"there is no instance {argument!r}: it is made from the default template")
            logs.warning(
                "to create an instance by its name alone is deprecated; "
                f"use `limactl create --name={argument} template:default`"
            )
        return found.name, read_template(_DEFAULT_TEMPLATE)
    template = read_template(found.locator, found.name)
    if not template.name:
        raise UserError("the template gives no name to the instance", where=found.locator, hint="add --name")
    paths.check_instance_name(template.name)
    return template.name, template


def create_from(
    session: Session, name: str, template: Template, flags: Mapping[str, object], *, report: Reporter
) -> None:
    """Make the instance from a template and the flags, after a menu if the user can be asked."""
    if os.path.lexists(paths.instance_dir(name)) and not instances.is_instance(name):
        raise UserError(
            f"{name!r} has no {paths.LIMA_YAML}, so it may be no instance",
            where=paths.instance_dir(name),
            hint="look into it and remove it, or choose another name with --name",
        )
    if instances.is_instance(name):
        raise UserError(
            f"the instance {name!r} exists already",
            where=paths.instance_dir(name),
            hint=f"use it with `limactl start {name}`, or choose another name with --name",
        )
    if session.tty:
        from limavm.cli.review import reviewed

        text = reviewed(name, template, flags)
        _warn_of_system(text, template.locator)
        with kept_when_rejected(text):
            try:
                create(name, text, source=template.locator if text == template.text else None, report=report)
            except ConfigError:
                # The text is kept in that file, which is what its lines are of. Warnings are about the instance's own.
                if text != template.text:
                    resolve_new(text, source=REJECTED, directory=paths.instance_dir(name))
                raise
        return
    logs.info("nothing is asked, because there is no terminal or --tty=false was given")
    text = changed(whole(template), flags, source=template.locator)
    _warn_of_system(text, template.locator)
    try:
        create(name, text, source=template.locator if text == template.text else None, report=report)
    except ConfigError:
        # The text is written nowhere. Its problems are told with the files and lines that it was made of.
        resolve_new(places(template, flags), source=template.locator, directory=paths.instance_dir(name))
        raise


def _warn_of_system(text: bytes, source: str) -> None:
    system = decode(text, source).layer.os
    if system not in (None, "", "default", "Linux"):
        logs.warning(f"guests of the system {system} are experimental")
