"""The guest agent's command line: `daemon`, and `install-systemd` (spec/runtime.md 7.1, 7.2)."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple

from limavm.guestagent.flags import FlagError, parse_flags
from limavm.guestagent.install import install_systemd
from limavm.guestagent.listening import SOCKET, serve_unix, serve_virtio, serve_vsock
from limavm.guestagent.server import GuestService
from limavm.guestagent.serving import AgentServer
from limavm.guestagent.watcher import Watcher

if sys.platform != "win32":
    import resource

log = logging.getLogger(__name__)

NAME = "lima-guestagent"
#: How long calls have to end when we are asked to go.
_GRACE = 2.0
#: Setting up what tells of sockets holds up everything else, a quarter of a second where a processor is emulated. The
#: host waits for us; it can have its first list, and its tunnels, before.
_HOST_FIRST = 0.2
#: Who starts us again does so at once. One that cannot serve, whatever the reason, does not fail all the time.
_EARLY = 10.0
_PENANCE = 1.0
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sub-command of `argv`, without the program's name; the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    command = words.pop(0) if words else ""
    if command == "install-systemd":
        return install_systemd(words)
    if command != "daemon":
        return _failed(f"usage: {NAME} daemon|install-systemd [flags]")
    try:
        options = options_of(words)
    except FlagError as error:
        return _failed(str(error))
    if sys.platform == "win32" or os.geteuid() != 0:
        return _failed("the daemon has to be run by root")
    return run_daemon(options)


def options_of(words: list[str]) -> Options:
    """The options that the flags give; raises FlagError."""
    values = parse_flags(words, {name.replace("_", "-"): value for name, value in Options()._asdict().items()})
    return Options(**{name.replace("-", "_"): value for name, value in values.items()})  # type: ignore[arg-type]


def run_daemon(options: Options, *, penance: float = _PENANCE) -> int:
    """Serve until a signal ends it; the exit status. One that fails at once waits `penance` seconds before it ends."""
    began = time.monotonic()
    logging.basicConfig(level=logging.DEBUG if options.debug else logging.INFO, format="%(levelname)s: %(message)s")
    logging.getLogger("grpclib").setLevel(logging.DEBUG if options.debug else logging.WARNING)
    logging.getLogger("hpack").setLevel(logging.WARNING)
    try:
        token = read_token(options.token_file)
        allow_many_files()
        asyncio.run(_serve(options, token))
    except Exception as error:
        status = _failed(str(error))
        if not isinstance(error, OSError | ValueError):
            log.exception("the agent ends")
        if time.monotonic() - began < _EARLY:
            time.sleep(penance)
        return status
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


def _failed(why: str) -> int:
    sys.stderr.write(f"{NAME}: {why}\n")
    return 1
