"""Where this program is installed, and what lies beside it (spec/cli.md 1.1).

An installation is a prefix with `bin`, `share/lima` and `libexec/lima`. The program may be called through
a symbolic link in another prefix (Homebrew, pipx and uv do that): both count.
"""

import os
import sys


def self_dirs(argv0: str | None = None) -> list[str]:
    """The directories of the program: as it was called, then with symbolic links resolved."""
    program = _program(sys.argv[0] if argv0 is None else argv0)
    if not program:
        return []
    return list(dict.fromkeys((os.path.dirname(program), os.path.dirname(os.path.realpath(program)))))


def share_dirs(argv0: str | None = None) -> list[str]:
    """The directories `share/lima` of the installation; those that are missing or empty do not count."""
    return _beside(("share/lima",), argv0)


def libexec_dirs(argv0: str | None = None) -> list[str]:
    """The directories `libexec/lima` and `lib/lima` of the installation, as far as there is something in them."""
    return _beside(("libexec/lima", "lib/lima"), argv0)


def _beside(names: tuple[str, ...], argv0: str | None) -> list[str]:
    candidates = [
        os.path.join(os.path.dirname(bin_dir), *name.split("/")) for bin_dir in self_dirs(argv0) for name in names
    ]
    return [directory for directory in dict.fromkeys(candidates) if _is_filled(directory)]


def _is_filled(directory: str) -> bool:
    try:
        with os.scandir(directory) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def _program(argv0: str) -> str:
    """The absolute path of the program that `argv[0]` names, empty when it names none."""
    if os.path.basename(argv0) == "__main__.py":
        # `python -m limavm`: the scripts of an environment are beside its interpreter.
        return os.path.abspath(sys.executable) if sys.executable else ""
    if os.path.dirname(argv0):
        return os.path.abspath(argv0)
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        path = os.path.join(directory, argv0)
        if argv0 and directory and os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    return ""


def limactl_argv(argv0: str | None = None) -> list[str]:
    """How other programs start limactl: the installed program, else this interpreter with the package."""
    for directory in self_dirs(argv0):
        path = os.path.join(directory, "limactl.exe" if sys.platform == "win32" else "limactl")
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return [path]
    return [sys.executable, "-P", "-m", "limavm"]
