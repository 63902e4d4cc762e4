"""The message that a template shows when its instance is ready (spec/config.md 4.3)."""

from collections.abc import Callable
from typing import Any

import msgspec

from limavm.gotemplate import Record, render
from limavm.host import paths
from limavm.host.platform import facts
from limavm.instance.gonames import record
from limavm.model.instance import Instance


def render_message(instance: Instance, template: str) -> str:
    """The text of the message, without its last newline; raises ValueError with the place of a mistake."""
    text = render(template, template_data(instance, lambda: msgspec.to_builtins(instance)))
    return text.removesuffix("\n")


def template_data(instance: Instance, written: Callable[[], Any]) -> Record:
    """What `message` and `list --format` templates see, under Go's names; `json` of it gives what `written` returns."""
    members = record(instance)
    host = facts()
    return Record(
        {
            **members,
            "Instance": members,
            "HostOS": host.os,
            "HostArch": host.arch,
            "LimaHome": paths.lima_home(),
            "IdentityFile": paths.config_dir() + "/user",
        },
        written,
    )
