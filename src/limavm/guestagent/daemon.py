"""The daemon: its options, and serving with them until a signal ends it (spec/runtime.md 7.2)."""

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from typing import Any, NamedTuple

from limavm.guestagent.listening import SOCKET, serve_unix, serve_virtio, serve_vsock
from limavm.guestagent.server import GuestService
from limavm.guestagent.serving import AgentServer
from limavm.guestagent.watcher import Watcher

if sys.platform != "win32":
    import resource

log = logging.getLogger(__name__)

#: How long calls have to end when we are asked to go.
_GRACE = 2.0
#: Setting up what tells of sockets holds up everything else, a quarter of a second where a processor is emulated. The
#: host waits for us; it can have its first list, and its tunnels, before.
_HOST_FIRST = 0.2
#: Twice as many as a connection has streams (wire.bounded), each of which may be a socket.
_FILES = 32768


class Options(NamedTuple):
    """What the daemon is asked to do."""

    runtime_dir: str = "/run/lima-guestagent"
    #: Lima's interval of looks; ours finds its own.
    tick: str = "3s"
    vsock_port: int = 0
    virtio_port: str = ""
    socket_owner: int = 0
    debug: bool = False
    token_file: str = ""


def serve(options: Options) -> int:
    """Serve until a signal ends it; the exit status, which is 1 when that is not possible (any more)."""
    try:
        token = read_token(options.token_file)
        allow_many_files()
        asyncio.run(_serve(options, token))
    except Exception as error:
        log.error("%s", error, exc_info=None if isinstance(error, OSError | ValueError) else error)
        return 1
    return 0


def read_token(path: str) -> str:
    """The token that calls must bring, "" when there is no file of it; raises ValueError when the file is empty."""
    if not path:
        return ""
    with open(path, encoding="ascii") as file:
        token = file.read(4096).strip()
    if not token:
        raise ValueError(f"{path} is empty")
    return token


async def _serve(options: Options, token: str) -> None:
    watcher = Watcher()
    service = GuestService(watcher, options.runtime_dir)
    watcher.errors = service.tell_error
    server = AgentServer(service, token)
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    tasks = [asyncio.ensure_future(part) for part in (asked.wait(), _listening(server, options), _watching(watcher))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({asyncio.ensure_future(server.stop())}, timeout=_GRACE)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watching(watcher: Watcher) -> None:
    await asyncio.sleep(_HOST_FIRST)
    await watcher.run()


def _listening(server: AgentServer, options: Options) -> Coroutine[Any, Any, None]:
    if options.vsock_port:
        return serve_vsock(server, options.vsock_port)
    if options.virtio_port:
        return serve_virtio(server, options.virtio_port)
    return serve_unix(server, SOCKET, options.socket_owner)


def allow_many_files() -> None:
    """As many as tunnels may need a socket each; usual limits are 1024, and 4096 beyond which only root may go."""
    if sys.platform != "win32":
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            limit = max(hard, _FILES)
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        except (ValueError, OSError):  # root in a container
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
