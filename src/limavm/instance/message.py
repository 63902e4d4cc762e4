"""The message that a template shows when its instance is ready (spec/config.md 4.3)."""

import msgspec

from limavm.gotemplate import render
from limavm.host import paths
from limavm.host.platform import facts
from limavm.instance.gonames import go_named
from limavm.model.instance import Instance


def render_message(instance: Instance, template: str) -> str:
    """The text of the message, without its last newline; raises ValueError with the place of a mistake."""
    text = render(template, template_data(instance))
    return text.removesuffix("\n")


def template_data(instance: Instance) -> dict[str, object]:
    """What `message` and `list --format` templates see, under Go's field names."""
    fields = go_named(msgspec.to_builtins(instance))
    host = facts()
    return {
        **fields,
        "Instance": fields,
        "HostOS": host.os,
        "HostArch": host.arch,
        "LimaHome": paths.lima_home(),
        "IdentityFile": paths.config_dir() + "/user",
    }
