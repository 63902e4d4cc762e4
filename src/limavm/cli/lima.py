"""`lima`: `limactl shell` in the instance that LIMA_INSTANCE names (spec/cli.md 10)."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from limavm.cli.fast import load_msgspec
from limavm.cli.main import guarded
from limavm.cli.main import main as limactl

if TYPE_CHECKING:
    from limavm.cli.manual import Page

_USAGE = """\
Usage: lima [COMMAND...]

Runs a command in a Lima instance, or opens a shell there. It stands for
`limactl shell --instance "$LIMA_INSTANCE" COMMAND...`.

Environment:
  LIMA_INSTANCE   the instance (default: default)
  LIMA_SHELL      the shell in the instance (default: the user's)
  LIMA_WORKDIR    the directory in the instance (default: that of the host, if mounted)
  LIMACTL         the limactl to use (default: the one that came with lima)
"""


def main(args: Sequence[str]) -> int:
    """Run `lima` with the words after the program's name; returns the exit code."""
    if list(args) in (["-h"], ["--help"]):
        print(_USAGE, end="")
        return 0
    if os.environ.get("LIMACTL"):
        return guarded(lambda: _other_limactl(args))
    if list(args) in (["-v"], ["--version"]):
        return limactl(args)
    if args and args[0].startswith("-"):
        return limactl(["shell", *_flags(), *args])
    return guarded(lambda: _shell(args))


def page() -> "Page":
    """The page of the manual."""
    from limavm.cli.manual import Page

    usage, _, rest = _USAGE.partition("\n\n")
    about, _, variables = rest.partition("\n\nEnvironment:\n")
    rows = tuple((line[2:18].strip(), line[18:].strip()) for line in variables.splitlines())
    return Page(
        words=("lima",),
        description=f"Run a command in a Lima instance.\n\n{about}",
        usage=(usage.removeprefix("Usage: "),),
        sections=(("Environment", rows),),
    )


def _instance() -> str:
    return os.environ.get("LIMA_INSTANCE") or "default"


def _flags() -> list[str]:
    workdir, shell = os.environ.get("LIMA_WORKDIR"), os.environ.get("LIMA_SHELL")
    return [
        *(["--workdir", workdir] if workdir else []),
        *(["--shell", shell] if shell else []),
        *["--instance", _instance()],
    ]


def _shell(args: Sequence[str]) -> int:
    """What `limactl shell` with our flags does, without click."""
    load_msgspec()
    from limavm.cli import remote, session

    options = remote.Options(
        instance=_instance(),
        workdir=os.environ.get("LIMA_WORKDIR", ""),
        shell=os.environ.get("LIMA_SHELL", ""),
    )
    return remote.open_shell(session.begin(), list(args), options)


def _other_limactl(args: Sequence[str]) -> int:
    """Become the limactl that the user chose."""
    from limavm.errors import UserError

    program = os.environ["LIMACTL"]
    asks_version = list(args) in (["-v"], ["--version"])
    argv = [program, *args] if asks_version else [program, "shell", *_flags(), *args]
    environment = {**os.environ, "MSYS2_ARG_CONV_EXCL": "*"}
    try:
        os.execvpe(program, argv, environment)  # noqa: S606 - a list, no shell
    except OSError as error:
        raise UserError(f"cannot run {program!r}: {error.strerror}", where="LIMACTL") from error
