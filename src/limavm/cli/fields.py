"""The fields of an instance as `list` prints them: JSON keys and the names of Go templates (spec/cli.md 9.4, 9.5)."""

import textwrap
from typing import Any

import msgspec

from limavm.cli import output
from limavm.errors import UserError
from limavm.gotemplate import TemplateError, render, show, written
from limavm.instance.message import about_the_host, template_data
from limavm.model.instance import Instance

#: JSON key -> template field, in the order of the output.
TEMPLATE_NAMES = {
    "name": "Name",
    "hostname": "Hostname",
    "status": "Status",
    "dir": "Dir",
    "vmType": "VMType",
    "arch": "Arch",
    "cpus": "CPUs",
    "memory": "Memory",
    "disk": "Disk",
    "message": "Message",
    "additionalDisks": "AdditionalDisks",
    "network": "Networks",
    "sshLocalPort": "SSHLocalPort",
    "sshConfigFile": "SSHConfigFile",
    "hostAgentPID": "HostAgentPID",
    "driverPID": "DriverPID",
    "errors": "Errors",
    "config": "Config",
    "sshAddress": "SSHAddress",
    "protected": "Protected",
    "limaVersion": "LimaVersion",
    "param": "Param",
    "autoStartedIdentifier": "AutoStartedIdentifier",
}
_DEEPEST_INDENT = 1000
#: What is in JSON even when it is empty.
_ZERO: dict[str, object] = {
    "name": "",
    "hostname": "",
    "status": "",
    "dir": "",
    "vmType": "",
    "arch": "",
    "protected": False,
    "limaVersion": "",
}


def of(instance: Instance) -> dict[str, Any]:
    """The JSON object of an instance, with the four deprecated keys about the host."""
    return {**own(instance), **about_the_host()}


def own(instance: Instance) -> dict[str, Any]:
    """The JSON object of an instance without them."""
    values = msgspec.to_builtins(instance)
    return {key: values.get(key, _ZERO.get(key)) for key in TEMPLATE_NAMES if key in values or key in _ZERO}


def rendered(template: str, instance: Instance) -> str:
    """What a Go template for `--format` gives for the instance; raises UserError when it does not fit."""
    try:
        return render(template, template_data(instance, lambda: of(instance)), _FUNCTIONS)
    except TemplateError as error:
        hint = "`limactl list --list-fields` shows what an instance has"
        raise UserError(f"the template failed: {error}", where="--format", hint=hint) from error


def _yaml(value: Any) -> str:
    text = output.yaml_text(output.without_empty_objects(written(value)))
    return "---\n" + text.removesuffix("\n")


def _indent(*arguments: Any) -> str:
    size, text = arguments if len(arguments) == 2 else (2, *arguments)
    if not isinstance(size, int) or not isinstance(text, str):
        raise ValueError("indent takes a number, which may be left out, and a text")
    if not 0 <= size <= _DEEPEST_INDENT:
        raise ValueError(f"indent takes a number from 0 to {_DEEPEST_INDENT}")
    return textwrap.indent(text, " " * size)


def _missing(*arguments: Any) -> str:
    message, text = arguments if len(arguments) == 2 else ("<missing>", *arguments)
    return show(text) or show(message)


#: What templates for people may call beside the functions of Go (spec/cli.md 9.5).
_FUNCTIONS = {"yaml": _yaml, "indent": _indent, "missing": _missing}
