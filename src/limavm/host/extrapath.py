"""Where programs are that Windows does not have in PATH: QEMU and those of MSYS2 (spec/cli.md 1.2). Pure."""

from collections.abc import Callable, Mapping

_EXTRA = "_LIMA_WINDOWS_EXTRA_PATH"
_PROGRAMS = "C:\\Program Files"
_MSYS2 = "C:\\msys64\\usr\\bin"


def extended_path(environment: Mapping[str, str], exists: Callable[[str], bool]) -> str:
    """PATH with what the user has named in front, and with the directories of QEMU and MSYS2, if there are any, behind.

    `exists` says whether there is a directory.
    """
    parts = [part for part in environment.get("PATH", "").split(";") if part]
    known = {_plain(part) for part in parts}
    programs = environment.get("PROGRAMFILES") or _PROGRAMS
    behind = [path for path in (f"{programs}\\QEMU", _MSYS2) if _plain(path) not in known and exists(path)]
    extra = environment.get(_EXTRA, "").strip()
    return ";".join([*([extra] if extra else []), *parts, *behind])


def _plain(path: str) -> str:
    """A path as Windows compares it."""
    return path.strip('"').rstrip("\\/").replace("/", "\\").lower()
