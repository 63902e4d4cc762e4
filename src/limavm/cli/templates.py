"""Templates as commands use them: the list of them, one of them read, embedded and resolved (spec/cli.md 3, 6.9)."""

import os
from collections.abc import Callable

from limavm import COMPATIBLE_WITH
from limavm.cli import logbridge, logs
from limavm.cli.locators import Reader
from limavm.config.embed import absolute, embed, embedded
from limavm.config.errors import ConfigError
from limavm.config.locator import Template
from limavm.config.resolve import Loaded, load_text, resolve_text
from limavm.config.templatestore import find_template, template_names
from limavm.config.validate import BUILT_IN_DRIVERS
from limavm.driver.registry import names
from limavm.errors import UserError
from limavm.host import paths
from limavm.host.platform import facts
from limavm.model.config import Config
from limavm.roundtrip.nodes import Document, Kind, Node
from limavm.roundtrip.write import write_node

__all__ = ["embedded"]

logbridge.install()


def all_templates() -> list[tuple[str, str]]:
    """Name and file of every template, sorted by name."""
    return [(name, find_template(name)) for name in template_names()]


def visible_templates() -> list[str]:
    """The names that users are shown: those of which no part begins with `_`."""
    return [name for name in template_names() if not name.startswith("_") and "/_" not in name]


def reader() -> Callable[[str], Template]:
    """What bases and files are read by, for `config.embed`."""
    return Reader()


def read_template(locator: str, name: str | None = None) -> Template:
    """The template behind a locator, for an instance called `name` if it has a name already.

    What is odd about the locator is logged.
    """
    return Reader()(locator, name)


def read_some(locator: str) -> Template:
    """The template behind a locator; raises UserError when there is nothing in it."""
    template = read_template(locator)
    if not template.text.strip():
        raise UserError("there is nothing in it", where=locator, hint="a template names its images at least")
    return template


def read_named(locator: str) -> Template:
    """Like `read_some`; raises UserError for a template without a name, too."""
    template = read_some(locator)
    if not template.name:
        raise UserError("a template from standard input has no name, so that it cannot be checked", hint="name a file")
    return template


def transformed(locator: str) -> str:
    """Where a locator of `github:` or of a plugin leads to; others stay as they are."""
    return Reader().transformed(locator)


def whole(template: Template, *, base: bool) -> Document:
    """A template with everything that it refers to, and with the user's `base.yaml` if wanted."""
    return embed(template, reader(), base=base)


def located(template: Template) -> bytes:
    """The text of a template in which whatever it refers to is named in full."""
    return absolute(template)


def resolved(template: Template, document: Document) -> tuple[Config, tuple[str, ...]]:
    """The configuration that a document made of the template gives, and warnings; raises UserError with every problem.

    A template may be for a driver that is not here, as long as it is one of Lima's.
    """
    from limavm.instance.messagecheck import check_message
    from limavm.instance.resolving import accepted

    # As Lima has it: an instance would have a directory of its own.
    directory = paths.lima_home()
    found = resolve_text(document, source=template.locator, directory=directory, facts=facts(), version=COMPATIBLE_WITH)
    check_message(found.config, source=template.locator, directory=os.path.join(directory, template.name or "name"))
    if (driver := found.config.vm_type) in BUILT_IN_DRIVERS and driver not in names():
        warning = f"{template.locator}: the driver {driver!r} is not available here, what it needs was not checked"
        return found.config, (*found.warnings, warning)
    return accepted(found, template.locator, COMPATIBLE_WITH), found.warnings


def filled(template: Template) -> bytes:
    """The text of a template with everything embedded and all defaults but the driver's."""
    return write_node(_filled(template)).encode()


def asked(template: Template, expression: str) -> list[str]:
    """What a yq expression gives for a filled template: lines with single values, and YAML."""
    from limavm.yq.evaluation import evaluate

    results = evaluate(expression, [Document(root=_filled(template))])
    nodes = [document.root.resolved for document in results if document.root is not None]
    return [f"{node.value}\n" if node.kind is Kind.SCALAR else write_node(node) for node in nodes]


def filled_config(template: Template) -> Config:
    """The configuration of a template with everything embedded and all defaults but the driver's, unchecked."""
    return _loaded(whole(template, base=True), template.locator, paths.lima_home()).filled.config


def _filled(template: Template) -> Node:
    from limavm.config.filled import document

    found = _loaded(whole(template, base=True), template.locator, paths.lima_home())
    for warning in found.warnings:
        logs.warning(warning)
    return document(found.filled.config, vm_type=found.merged.vm_type is not None)


def filled_default() -> object:
    """The default template with all defaults but the driver's, its bases named and not embedded, as JSON would be."""
    import msgspec

    template = read_template("template:default")
    found = _loaded(template.text, template.locator, "")
    value = msgspec.to_builtins(found.filled.config)
    if found.merged.vm_type is None:
        del value["vmType"]
    return value


def _loaded(text: bytes | Document, source: str, directory: str) -> Loaded:
    """A configuration that need not be complete; raises ConfigError when values have wrong types."""
    found = load_text(text, source=source, directory=directory, facts=facts(), version=COMPATIBLE_WITH)
    if problems := [problem for document in found.documents for problem in document.problems]:
        raise ConfigError(problems)
    return found
