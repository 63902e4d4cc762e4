"""`limactl info`: what this installation offers, as JSON (spec/cli.md 6.8)."""

import os
import sys
from typing import Any

from limavm.cli import logs, output, shellenv
from limavm.cli.app import Command
from limavm.cli.flags import Flag
from limavm.cli.session import Session, output_is_terminal
from limavm.errors import UserError
from limavm.host import installation, paths, plugins
from limavm.model.arch import Arch

#: Systems of guests for which an agent may be installed.
_SYSTEMS = ("Linux", "Darwin", "FreeBSD", "Windows")


def _info(_session: Session, _args: list[str], *, yq: str) -> None:
    colour = output_is_terminal()
    sys.stdout.write("".join(f"{text}\n" for text in selected(gather(), yq, colour=colour)))


def selected(value: object, expression: str, *, colour: bool = False) -> list[str]:
    """What a yq expression gives for the value: texts as they are, everything else as JSON."""
    if expression.strip() in ("", "."):
        return [output.json_text(value, pretty=True, colour=colour)]
    from limavm.roundtrip.build import from_value, to_value
    from limavm.roundtrip.nodes import Document, Kind
    from limavm.yq.evaluation import evaluate

    results = evaluate(expression, [Document(root=from_value(value))])
    nodes = [document.root.resolved for document in results if document.root is not None]
    return [
        node.value if node.kind is Kind.SCALAR else output.json_text(to_value(node), pretty=True, colour=colour)
        for node in nodes
    ]


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
        "guestAgents": {key: {"location": path} for key, path in _guest_agents()},
        "shellEnvBlock": shellenv.DEFAULT_BLOCK,
        "hostOS": host.os,
        "hostArch": host.arch,
        "identityFile": os.path.join(paths.config_dir(), "user"),
        "plugins": _plugins() or None,
        "libexecPaths": installation.libexec_dirs() or None,
        "sharePaths": installation.share_dirs() or None,
    }


def _guest_agents() -> list[tuple[str, str]]:
    """The agents that are installed as programs, by the architecture and, unless it is Linux, the system."""
    guests = ((arch, system) for arch in Arch for system in _SYSTEMS)
    found = ((arch, system, _guest_agent(f"lima-guestagent.{system}-{arch}")) for arch, system in guests)
    return [(arch.value if system == "Linux" else f"{system}-{arch}", path) for arch, system, path in found if path]


def _guest_agent(name: str) -> str | None:
    """The file of an agent, the compressed one first."""
    candidates = (os.path.join(share, name + suffix) for share in installation.share_dirs() for suffix in (".gz", ""))
    return next(filter(os.path.isfile, candidates), None)


def _plugins() -> list[dict[str, str]]:
    found = ((plugin, {"description": plugin.description}) for plugin in plugins.discover())
    return [
        {"name": plugin.name, "path": plugin.path, **(more if plugin.description else {})} for plugin, more in found
    ]


def _default_template() -> object:
    """The default template with defaults filled in, its bases named; None when it cannot be read."""
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
    flags=[Flag(["--yq"], metavar="string", default=".", help="Show only what this yq expression gives")],
    examples="limactl info\nlimactl info --yq .limaHome",
)
