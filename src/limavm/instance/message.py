"""The message that a template shows when its instance is ready (spec/config.md 4.3)."""

from collections.abc import Callable
from typing import Any

import msgspec

from limavm.gotemplate import Record, render
from limavm.host import paths
from limavm.host.platform import host_arch, host_os
from limavm.instance.gonames import record
from limavm.model.instance import Instance


def render_message(instance: Instance, template: str) -> str:
    """The text of the message, without its last newline; raises ValueError with the place of a mistake."""
    if "{{" not in template:
        return template.removesuffix("\n")
    text = render(template, template_data(instance, lambda: msgspec.to_builtins(instance)))
    return text.removesuffix("\n")


def template_data(instance: Instance, written: Callable[[], Any]) -> Record:
    """What `message` and `list --format` templates see, under Go's names; `json` of it gives what `written` returns."""
    members = record(instance)
    return Record({**members, "Instance": members, **about_the_host()}, written)


def about_the_host() -> dict[str, str]:
    """Four deprecated members that are the same for all instances."""
    return {
        "HostOS": host_os(),
        "HostArch": host_arch(),
        "LimaHome": paths.lima_home(),
        "IdentityFile": f"{paths.config_dir()}/user",
    }
