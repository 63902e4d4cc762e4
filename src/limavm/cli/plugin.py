"""Programs called `limactl-NAME` as commands of limactl (spec/cli.md 1.12)."""

from limavm.cli.app import Plugin
from limavm.cli.become import become
from limavm.cli.session import Session
from limavm.host import plugins
from limavm.model.printable import printable

#: Plugins that serve locators, and are of no use by hand.
_LOCATORS = "url-"


def shown() -> list[tuple[str, str]]:
    """The plugins that help and completion show, with what each says of itself."""
    return [(found.name, _said(found)) for found in plugins.discover() if not found.name.startswith(_LOCATORS)]


def command(name: str) -> Plugin | None:
    """The plugin of this name as a command, None when there is none."""
    path = plugins.find(name) if name else None
    if path is None:
        return None
    found = next((found for found in plugins.discover() if found.path == path), plugins.Plugin(name=name, path=path))

    def run(_session: Session, words: list[str]) -> None:
        become([path, *words], also={"PATH": plugins.search_path()})

    return Plugin(name, run, help=_said(found))


def _said(found: plugins.Plugin) -> str:
    return printable(found.description) or f"The program {printable(found.path)}"
