"""`limactl generate-doc`: hidden; the manual, written from the program itself (spec/cli.md 6.22)."""

import os
from collections.abc import Iterator

from limavm.cli import logs
from limavm.cli.app import Command
from limavm.cli.flags import Flag
from limavm.cli.session import Session
from limavm.errors import UserError

_TYPES = ("man", "docsy", "markdown")


def _generate(_session: Session, args: list[str], *, doc_type: str, output: str, prefix: str) -> None:
    from limavm.host import files, paths

    if doc_type not in _TYPES:
        raise UserError(f"the type {doc_type!r} is not known", where="--type", hint="use " + ", ".join(_TYPES))
    directory = args[0]
    make_room(directory)
    places = {os.path.abspath(output): prefix} if prefix else {}
    places[paths.user_home()] = "~"
    count = 0
    for name, text in texts(doc_type):
        for place, instead in places.items():
            text = text.replace(place, instead) if len(place) > 1 else text
        files.write_atomic(os.path.join(directory, name), text.encode())
        count += 1
    logs.info(f"wrote {count} pages to {directory}")


def make_room(directory: str) -> None:
    """Make the directory for pages; raises UserError for what can be none."""
    if not directory:
        raise UserError("the directory has no name", hint="for the current one give `.`")
    try:
        os.makedirs(directory, exist_ok=True)
    except FileExistsError as error:
        raise UserError("there is a file where the directory is to be", where=directory) from error


def texts(doc_type: str) -> Iterator[tuple[str, str]]:
    """Names and contents of the files of a manual of this type."""
    from limavm import __version__
    from limavm.cli import lima, manpage, manual, markdown

    for page in manual.pages():
        if doc_type == "man":
            yield manpage.file_name(page.words), manpage.man(page, f"limavm {__version__}")
        else:
            yield markdown.file_name(page.words), markdown.markdown(page, head=doc_type == "docsy")
    if doc_type == "man":
        yield "lima.1", manpage.man(lima.page(), f"limavm {__version__}")


COMMAND = Command(
    "generate-doc",
    _generate,
    usage="DIR",
    least=1,
    most=1,
    help="""Write the manual into a directory, a page for each command.

Files of these names that are there are replaced.""",
    flags=[
        Flag(["--type", "doc_type"], metavar="string", default="man", help="man, docsy or markdown"),
        Flag(["--output"], metavar="string", default="", help="A path to be replaced in the pages (default: here)"),
        Flag(["--prefix"], metavar="string", default="", help="What stands instead of that path"),
    ],
    examples="limactl generate-doc --type=man /usr/local/share/man/man1",
)
