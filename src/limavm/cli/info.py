"""`limactl info`: what this installation offers, as JSON (spec/cli.md 6.8)."""

import os
from typing import Any

from limavm.cli import logs, output, shellenv
from limavm.cli.app import Command
from limavm.cli.session import Session, output_is_terminal
from limavm.errors import UserError
from limavm.host import paths


def _info(_session: Session, _args: list[str]) -> None:
    print(output.json_text(gather(), pretty=True, colour=output_is_terminal()))


def gather() -> dict[str, Any]:
    """The object that is printed."""
    from limavm import COMPATIBLE_WITH, __version__
    from limavm.cli import templates
    from limavm.driver import registry
    from limavm.host.platform import facts

    host = facts()
    return {
        "version": f"v{COMPATIBLE_WITH}",
        "limavm": __version__,
        "templates": [{"name": name, "location": location} for name, location in templates.all_templates()],
        "defaultTemplate": _default_template(),
        "limaHome": paths.lima_home(),
        "vmTypes": registry.names(),
        "vmTypesEx": {name: {"location": "internal"} for name in registry.names()},
        "guestAgents": {},
        "shellEnvBlock": shellenv.DEFAULT_BLOCK,
        "hostOS": host.os,
        "hostArch": host.arch,
        "identityFile": os.path.join(paths.config_dir(), "user"),
        "plugins": None,
        "libexecPaths": None,
        "sharePaths": None,
    }


def _default_template() -> object:
    """The default template with defaults filled in; None when it cannot be read."""
    from limavm.cli import templates

    try:
        return templates.filled_default()
    except UserError as error:
        logs.warning(f"the default template cannot be used: {error}")
        return None


COMMAND = Command(
    "info",
    _info,
    most=0,
    help="Show what this installation offers, as JSON.",
    later=["--yq"],
)
