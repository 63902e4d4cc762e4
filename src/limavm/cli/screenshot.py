"""`limactl screenshot`: what the display of a running instance shows, as a file (spec/cli.md 6.15)."""

import os

from limavm.cli import logs
from limavm.cli.app import Command
from limavm.cli.flags import Flag
from limavm.cli.session import Session
from limavm.errors import UserError

_FORMATS = ("png", "bmp")


def _screenshot(_session: Session, names: list[str], *, output: str) -> None:
    from limavm.host import textfile
    from limavm.instance.screenshot import screenshot

    name = names[0]
    path = output or f"{name}-screenshot.png"
    extension = format_of(path)
    # Before the guest is bothered; what is said at the end of the writing would come too late for who sees it now.
    directory = os.path.dirname(path) or "."
    if not os.path.isdir(directory):
        raise UserError("there is no such directory", where=directory, hint="make it, or choose another with --output")
    picture = screenshot(name, extension)
    textfile.write(path, picture, "the picture")
    logs.info(f"wrote {path} ({len(picture)} bytes)")


def format_of(path: str) -> str:
    """The format that the name of a file asks for; raises UserError when it is none that can be made."""
    extension = os.path.splitext(path)[1].lower().removeprefix(".")
    if extension not in _FORMATS:
        raise UserError(
            f"the file {path!r} ends in neither .png nor .bmp", where="--output", hint="give its name one of these ends"
        )
    return extension


COMMAND = Command(
    "screenshot",
    _screenshot,
    usage="INSTANCE",
    least=1,
    most=1,
    help="""Take a picture of the display of a running instance.

It needs a machine with a display: set `video.display`, for instance to vnc.
The end of the file's name, .png or .bmp, says which format it gets.""",
    flags=[
        Flag(["-o", "--output"], metavar="string", default="", help="The file (default INSTANCE-screenshot.png)"),
    ],
    examples="limactl screenshot dev\nlimactl screenshot --output=/tmp/dev.bmp dev",
)
