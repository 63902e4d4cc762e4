"""`limactl completion SHELL`: the script that a shell loads; it calls `complete` back (spec/cli.md 1.13)."""

import os

from limavm.cli.app import Command, Group
from limavm.cli.flags import BoolFlag
from limavm.cli.session import Session

_FILES = {"bash": "limactl.bash", "fish": "limactl.fish", "powershell": "limactl.ps1", "zsh": "limactl.zsh"}


def script(shell: str, *, descriptions: bool = True) -> str:
    """The script for a shell."""
    path = os.path.join(os.path.dirname(__file__), "shells", _FILES[shell])
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return text if descriptions else text.replace("__complete ", "__completeNoDesc ")


def _command(shell: str) -> Command:
    def show(_session: Session, _args: list[str], *, no_descriptions: bool) -> None:
        print(script(shell, descriptions=not no_descriptions), end="")

    return Command(
        shell,
        show,
        most=0,
        help=f"Print the completion script for {shell}.\n\nIts first lines say how to load it.",
        flags=[BoolFlag(["--no-descriptions"], help="Offer bare words only")],
    )


COMMAND = Group(
    "completion",
    commands={shell: _command(shell) for shell in _FILES},
    help="Print a completion script for a shell.",
)
