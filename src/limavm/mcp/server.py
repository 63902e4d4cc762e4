"""The server on standard input and output, by the protocol's own SDK. Nobody else imports that.

Everything that an agent could do better next time is a result with `isError`; what is left is a defect.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
)

from limavm import COMPATIBLE_WITH
from limavm.errors import UserError
from limavm.mcp import tools
from limavm.mcp.toolset import Toolset

log = logging.getLogger(__name__)

_TITLE = "Files and commands in a Lima virtual machine"
_INSTRUCTIONS = """\
These tools read and write files and run commands inside a virtual machine, so that whatever a command does, the host
itself is out of its reach. Directories of the host that are mounted in the machine have the same absolute paths in
both.
"""
_SYSTEMS = {"darwin": "macOS", "win32": "Windows"}


def serve(name: str, *, mounted_only: bool, leave: Callable[[int], None]) -> None:
    """Serve the tools of an instance until standard input ends. Raises UserError when the instance does not run.

    On SIGINT and SIGTERM `leave` is called with the exit code, and does not return: the thread that waits for
    standard input cannot be ended in any other way.
    """
    asyncio.run(_serve(Toolset(name, os.environ, mounted_only=mounted_only), leave))


async def _serve(toolset: Toolset, leave: Callable[[int], None]) -> None:
    found = await toolset.begin()
    if not found.mounts:
        log.warning("the instance %r has no mounts: the tools see no files of the host", found.name)
    signalled: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    _catch_signals(signalled)
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(_leave_on_signal(signalled, toolset, leave), name="signals")
        try:
            async with stdio_server() as (source, sink):
                served = server(toolset)
                await served.run(source, sink, served.create_initialization_options())
        finally:
            watch.cancel()
            await toolset.close()


def _catch_signals(signalled: "asyncio.Future[int]") -> None:
    def caught(number: int) -> None:
        if not signalled.done():
            signalled.set_result(number)

    with contextlib.suppress(NotImplementedError):  # Windows
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, caught, number)


async def _leave_on_signal(signalled: "asyncio.Future[int]", toolset: Toolset, leave: Callable[[int], None]) -> None:
    number = await signalled
    await toolset.close()
    leave(128 + number)


def server(toolset: Toolset) -> "Server[Any]":
    """The server of these tools, not yet connected to anybody."""

    async def list_tools(_context: Any, _params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[Tool.model_validate(tools.described(tool)) for tool in tools.TOOLS])

    async def call_tool(_context: Any, params: CallToolRequestParams) -> CallToolResult:
        if params.name not in tools.BY_NAME:
            raise MCPError(INVALID_PARAMS, f"there is no tool {params.name!r}")
        try:
            found = await toolset.call(params.name, params.arguments)
        except UserError as error:
            return CallToolResult(content=[TextContent(type="text", text=str(error))], is_error=True)
        text = json.dumps(found, ensure_ascii=False)
        return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=found)

    return Server(
        "lima",
        version=COMPATIBLE_WITH,
        title=_TITLE,
        instructions=_INSTRUCTIONS + _about_system(),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _about_system() -> str:
    system = _SYSTEMS.get(sys.platform)
    return f"\nThe machine runs Linux, while the host runs {system}.\n" if system else ""
