"""`limactl copy`: becomes the scp or rsync that copies (spec/cli.md 8)."""

import os
import shlex
import sys

from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag, Flag
from limavm.cli.session import Session


def _copy(
    session: Session,
    words: list[str],
    *,
    recursive: bool,
    archive: bool,
    verbose: bool,
    progress: bool | None,
    backend: str,
) -> int:
    from limavm.cli.become import become
    from limavm.cli.instances import reporter
    from limavm.instance.copy import Wish, copy_argv

    wish = Wish(
        recursive=recursive,
        archive=archive,
        verbose=verbose or session.debug,
        progress=session.tty and sys.stdout.isatty() if progress is None else progress,
        backend=backend,
    )
    report = reporter()
    argv = copy_argv(words, wish, os.environ, report=report)
    report.debug(f"becoming {shlex.join(argv)}")
    return become(argv)


COMMAND = Command(
    "copy",
    _copy,
    usage="SOURCE... TARGET",
    least=2,
    help="""Copy files between the host and instances.

A path in an instance is written INSTANCE:PATH; one that does not begin with a
slash starts in the home there. A path of the host with a colon in it is written
with a slash before the colon, as in ./a:b.

rsync copies when it is on the host and in the instance, and only one path is in
an instance; else scp does. rsync sends what differs, keeps times, modes and
links, and leaves no half a file behind. The exit code is that of the program.

Not to be confused with `limactl clone`.""",
    flags=[
        BoolFlag(["-r", "--recursive"], help="Copy directories with all that is in them"),
        BoolFlag(["-a", "--archive"], help="As --recursive, and keep modes and times also with scp"),
        BoolFlag(["-v", "--verbose"], help="Show each file, or with scp what it does"),
        BoolFlag(["--progress"], default=None, help="Show how far it is (default: on a terminal)"),
        Flag(["--backend"], default="auto", metavar="string", help="What copies: auto, rsync or scp"),
    ],
    examples="""limactl copy default:/etc/os-release .
limactl copy notes.txt default:
limactl copy -r ./site default:/var/tmp/
limactl copy --backend=scp one:/etc/hosts two:/tmp/""",
)
