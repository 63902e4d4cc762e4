"""`limactl template`: templates copied, made complete, and asked (spec/cli.md 6.10, 6.11)."""

import sys

from limavm.cli.app import Command, Group
from limavm.cli.flags import BoolFlag
from limavm.cli.session import Session, output_is_terminal
from limavm.cli.tree import Entry
from limavm.errors import UserError


def _copy(_session: Session, args: list[str], *, embed: bool, embed_all: bool, fill: bool, verbatim: bool) -> None:
    locator, target = (*args, "-")[:2]
    if verbatim and (embed or embed_all or fill):
        raise UserError("--verbatim excludes --embed, --embed-all and --fill")
    from limavm.cli import templates

    template = templates.read_some(locator)
    if verbatim:
        text = template.text
    elif fill:
        text = templates.filled(template)
    elif embed or embed_all:
        text = templates.embedded(template, templates.reader(), templates=embed_all)
    else:
        text = templates.located(template)
    _put(text, target)


def _put(text: bytes, target: str) -> None:
    """Write a text to standard output or a file; raises UserError when the file cannot be written."""
    if target == "-":
        if output_is_terminal():
            from limavm.cli.yamlcolour import show

            show(text.decode(errors="replace"))
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(text)
        return
    from limavm.host import textfile

    textfile.write(target, text)


def _yq(_session: Session, args: list[str]) -> None:
    locator, expression = args
    from limavm.cli import templates
    from limavm.cli.yamlcolour import show

    for text in templates.asked(templates.read_some(locator), expression):
        show(text)


def _url(_session: Session, args: list[str]) -> None:
    from limavm.cli import templates

    print(templates.transformed(args[0]))


COPY = Command(
    "copy",
    _copy,
    usage="TEMPLATE [DEST]",
    least=1,
    most=2,
    help="""Copy a template to a file, or to standard output.

What it refers to by a relative path is named by the whole path in the copy,
unless it is embedded.""",
    flags=[
        BoolFlag(["--embed"], help="Embed what it refers to, except other templates by their names"),
        BoolFlag(["--embed-all"], help="Embed everything that it refers to"),
        BoolFlag(["--fill"], help="Embed everything, and fill in all defaults"),
        BoolFlag(["--verbatim"], help="Change nothing"),
    ],
    examples="""limactl template copy template:default
limactl template copy --embed https://example.com/dev.yaml dev.yaml
limactl template copy --fill ./dev.yaml""",
)

YQ = Command(
    "yq",
    _yq,
    usage="TEMPLATE EXPRESSION",
    least=2,
    most=2,
    help="""Evaluate a yq expression on a template.

Everything that it refers to is embedded, and all defaults are filled in,
before.""",
    examples="limactl template yq template:default '.images[].location'",
)

URL = Command(
    "url",
    _url,
    usage="LOCATOR",
    least=1,
    most=1,
    help="Show where a locator of `github:` or of a plugin leads to.",
    examples="limactl template url github:lima-vm/lima/templates/debian",
)

COMMAND = Group(
    "template",
    entries=(
        Entry("copy", "template:COPY", "", "Copy a template"),
        Entry("url", "template:URL", "", "Show where a locator leads to"),
        Entry("validate", "validate", "", "Check templates"),
        Entry("yq", "template:YQ", "", "Evaluate a yq expression on a template"),
    ),
    help="Work with templates (experimental).",
)
