"""`limactl mcp`, also called `limactl-mcp`: files and commands of an instance for AI agents (spec/cli.md 11)."""

import json
import os

import click

from limavm.cli.app import Command, Group
from limavm.cli.flags import BoolFlag
from limavm.cli.session import Session
from limavm.cli.tree import Entry
from limavm.errors import UserError


def _info(_session: Session, _args: list[str]) -> None:
    print(json.dumps({"tools": _described()}, indent=4, ensure_ascii=False), end="")


def _serve(_session: Session, args: list[str], *, mounts_only: bool) -> None:
    from limavm.host import paths

    name = args[0] if args else "default"
    paths.check_instance_name(name)
    try:
        import mcp  # noqa: F401 - only whether it is there
    except ImportError as error:
        hint = "install it: `pip install 'limavm[mcp]'`"
        raise UserError("`limactl mcp serve` needs the Python package mcp", where=str(error), hint=hint) from error
    from limavm.cli import logbridge
    from limavm.mcp import server

    logbridge.install()
    server.serve(name, mounted_only=mounts_only, leave=os._exit)


def _generate(_session: Session, args: list[str]) -> None:
    from limavm.cli.gendoc import make_room
    from limavm.host import files

    make_room(args[0])
    files.write_atomic(os.path.join(args[0], "mcp.md"), _page().encode())


def _page() -> str:
    parts = [
        "---\ntitle: MCP tools\nweight: 99\n---\nBy these tools of `limactl mcp serve` agents work in an instance.\n"
    ]
    for tool in _described():
        parts.append(f"## `{tool['name']}`\n\n{tool['description']}\n")
        for title, key in (("Input", "inputSchema"), ("Output", "outputSchema")):
            schema = json.dumps(tool[key], indent=4, ensure_ascii=False)
            parts.append(f"### {title} schema\n\n```json\n{schema}\n```\n")
    return "\n".join(parts)


def _described() -> list[dict[str, object]]:
    from limavm.mcp import tools

    return [tools.described(tool) for tool in tools.TOOLS]


def _show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from limavm import COMPATIBLE_WITH, __version__

        print(f"limactl-mcp version {COMPATIBLE_WITH} (limavm {__version__})")
        ctx.exit()


SERVE = Command(
    "serve",
    _serve,
    usage="[INSTANCE]",
    most=1,
    help="""Serve the tools of an instance on standard input and output.

This is for an AI agent to start, and not for a person. The instance, by default
`default`, has to run. The server ends when its standard input does.""",
    flags=[
        BoolFlag(["--mounts-only"], help="Refuse paths that are not in directories of the host (limavm's own)"),
    ],
    examples="limactl mcp serve\nlimactl mcp serve --mounts-only dev",
)

INFO = Command("info", _info, most=0, help="Show the tools and what they take and give, as JSON.")

GENERATE = Command(
    "generate-doc",
    _generate,
    usage="DIR",
    least=1,
    most=1,
    help="Write a page about the tools, `mcp.md`, into a directory.",
)

COMMAND = Group(
    "mcp",
    entries=(
        Entry("info", "mcp:INFO", "", "Show the tools as JSON"),
        Entry("serve", "mcp:SERVE", "", "Serve the tools of an instance on standard input and output"),
        Entry("generate-doc", "mcp:GENERATE", "hidden", "Write a page about the tools"),
    ),
    flags=[
        BoolFlag(
            ["-v", "--version"], is_eager=True, expose_value=False, callback=_show_version, help="Show the version"
        )
    ],
    help="""Let AI agents work in an instance (experimental).

The Model Context Protocol is how an agent uses tools. These ones read, write
and search files and run commands, inside of the instance and not on the host.

`limactl mcp serve` needs the Python package mcp: `pip install 'limavm[mcp]'`.""",
)
