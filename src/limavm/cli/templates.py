"""Templates as commands use them: the list of them, and one of them resolved (spec/cli.md 3.3, 6.9)."""

import os
from collections.abc import Callable
from functools import cache

from limavm import COMPATIBLE_WITH
from limavm.cli import output
from limavm.cli.locators import Reader
from limavm.config.embed import embedded
from limavm.config.locator import Template
from limavm.config.resolve import resolve_text
from limavm.config.templatestore import find_template, template_names
from limavm.config.validate import BUILT_IN_DRIVERS
from limavm.driver.registry import names
from limavm.errors import UserError
from limavm.host import paths
from limavm.host.platform import facts
from limavm.instance.resolving import resolve_new
from limavm.model.config import Config


def all_templates() -> list[tuple[str, str]]:
    """Name and file of every template, sorted by name."""
    return [(name, find_template(name)) for name in template_names()]


def visible_templates() -> list[str]:
    """The names that users are shown: those of which no part begins with `_`."""
    return [name for name in template_names() if not name.startswith("_") and "/_" not in name]


@cache
def _reader() -> Reader:
    """The reader of this process: standard input is read once, a page fetched once."""
    return Reader()


def reader() -> Callable[[str], Template]:
    """What bases and files are read by, for `config.embed`."""
    return _reader()


def read_template(locator: str, name: str | None = None) -> Template:
    """The template behind a locator, for an instance called `name` if it has a name already.

    What is odd about the locator is logged.
    """
    return _reader()(locator, name)


def read_named(locator: str) -> Template:
    """The template behind a locator; raises UserError when it is empty or has no name."""
    template = read_template(locator)
    if not template.text.strip():
        raise UserError("there is nothing in it", where=locator, hint="a template names its images at least")
    if not template.name:
        raise UserError("a template from standard input has no name, so that it cannot be checked", hint="name a file")
    return template


def resolved(template: Template) -> tuple[Config, tuple[str, ...]]:
    """The configuration that the template gives, and warnings; raises UserError with every problem.

    A template may be for a driver that is not here, as long as it is one of Lima's.
    """
    text, directory = embedded(template), os.path.join(paths.lima_home(), template.name or "")
    found = resolve_text(text, source=template.locator, directory=directory, facts=facts(), version=COMPATIBLE_WITH)
    if (driver := found.config.vm_type) in BUILT_IN_DRIVERS and driver not in names():
        warning = f"{template.locator}: the driver {driver!r} is not available here, what it needs was not checked"
        return found.config, (*found.warnings, warning)
    return resolve_new(text, source=template.locator, directory=directory)


def filled(config: Config) -> str:
    """A configuration as YAML."""
    import msgspec
    import yaml

    value = output.without_empty_objects(msgspec.to_builtins(config))
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000)


def filled_default() -> object:
    """The default template with all defaults but the driver's, as `info` shows it."""
    import msgspec

    template = read_template("template:default")
    found = resolve_text(
        embedded(template),
        source=template.locator,
        directory=os.path.join(paths.lima_home(), "default"),
        facts=facts(),
        version=COMPATIBLE_WITH,
    )
    return output.without_empty_objects(msgspec.to_builtins(found.config))
