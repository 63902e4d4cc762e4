"""Programs called `limactl-NAME`, which add commands and schemes of locators: where they are (spec/cli.md 1.12).

Nothing is run here.
"""

import os
import re
import sys
from typing import Any

from limavm.host import installation
from limavm.model.value import Sparse

_PREFIX = "limactl-"
#: Programs of our own that have such a name, for those who call them by it: they are commands already.
_OURS = frozenset(("mcp",))
_PATHEXT = ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC;.CPL"
_DESCRIPTION = re.compile(rb"<limactl-desc>(.*?)</limactl-desc>")
#: How much of a script is read for its description.
_HEAD = 64 << 10


class Plugin(Sparse, frozen=True, kw_only=True):
    """A program that was found. `name` is without the prefix."""

    name: str
    path: str
    description: str = ""


def directories() -> list[str]:
    """Where plugins are looked for, the first one with a name wins: beside the program, PATH, libexec.

    A relative directory in PATH does not count, since any directory could become it.
    """
    path = (directory for directory in os.environ.get("PATH", "").split(os.pathsep) if os.path.isabs(directory))
    return list(dict.fromkeys((*installation.self_dirs(), *path, *installation.libexec_dirs())))


def search_path() -> str:
    """PATH for plugins, so that they find limactl and each other."""
    return os.pathsep.join(directories())


def find(name: str) -> str | None:
    """The path of the plugin `name`, None when there is none."""
    if os.path.basename(name) != name or "\0" in name:
        return None
    for directory in directories():
        for extension in _extensions():
            path = os.path.join(directory, f"{_PREFIX}{name}{extension}")
            if _is_executable(path):
                return path
    return None


def discover() -> list[Plugin]:
    """All plugins, sorted by name. Directories that cannot be read do not count."""
    found: dict[str, Plugin] = {}
    for directory in directories():
        for file_name in _names(directory):
            name, path = _plugin_name(file_name), os.path.join(directory, file_name)
            if name in _OURS and directory in installation.self_dirs():
                continue
            if name and name not in found and _is_executable(path):
                found[name] = Plugin(name=name, path=path, description=_description(path))
    return [found[name] for name in sorted(found)]


def _names(directory: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(directory) if name.startswith(_PREFIX))
    except OSError:
        return []


def _extensions() -> tuple[str, ...]:
    if sys.platform != "win32":
        return ("",)
    return tuple(os.environ.get("PATHEXT", _PATHEXT).lower().split(";"))


def _plugin_name(file_name: str) -> str:
    """The name of the plugin in a file, empty when it is none."""
    stem, extension = os.path.splitext(file_name) if sys.platform == "win32" else (file_name, "")
    return stem.removeprefix(_PREFIX) if extension.lower() in _extensions() else ""


def _is_executable(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _description(path: str) -> str:
    """What a script says about itself, empty for anything else."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return ""
    found: Any = _DESCRIPTION.search(head) if head.startswith(b"#!") else None
    return found[1].decode(errors="replace").strip(" ") if found else ""
