"""Where the host reaches the agent: a virtio-serial port, a vsock port, or a unix socket (spec/runtime.md 7.2)."""

import asyncio
import logging
import os
import socket
import stat
import sys

from limavm.guestagent.serialport import SerialPort
from limavm.guestagent.serving import AgentServer

log = logging.getLogger(__name__)

SOCKET = "/run/lima-guestagent.sock"
_PORTS = "/dev/virtio-ports"
_CLASS = "/sys/class/virtio-ports"
#: The context identifier of the host (linux/vm_sockets.h).
_HOST_CID = 2
_LONGEST_WAIT = 2.0


async def serve_virtio(server: AgentServer, name: str) -> None:
    """Serve on the port of that name until cancelled; it may come late, and go."""
    wait = 0.1
    while True:
        try:
            fd = _open(port_device(name))
        except OSError as error:
            if wait <= 0.1:
                log.warning("waiting for the virtio-serial port %s: %s", name, error.strerror)
            wait = min(wait * 2, _LONGEST_WAIT)
        else:
            try:
                wait = 0.2
                log.info("serving on the virtio-serial port %s", name)
                gone = await SerialPort(fd, fd, server.protocol).serve()
                log.warning("the virtio-serial port %s is gone: %s", name, gone.strerror)
            finally:
                os.close(fd)
        await asyncio.sleep(wait)


def _open(device: str) -> int:
    if sys.platform == "win32":
        raise OSError("there is no virtio-serial port but on Linux")
    return os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)


def port_device(name: str, ports: str = _PORTS, classes: str = _CLASS, devices: str = "/dev") -> str:
    """The device of a port; udev makes a link of its name, other systems leave it to us."""
    link = os.path.join(ports, name)
    if os.path.exists(link):
        return link
    try:
        for entry in os.listdir(classes):
            with open(os.path.join(classes, entry, "name"), encoding="utf-8") as file:
                if file.read().strip() == name:
                    return os.path.join(devices, entry)
    except OSError:
        pass
    return link


def from_host(transport: asyncio.BaseTransport) -> bool:
    """Whether a connection by vsock comes from the host."""
    peer = transport.get_extra_info("peername")
    admitted = isinstance(peer, tuple) and peer[0] == _HOST_CID
    if not admitted:
        log.warning("a connection that is not from the host was dropped: %s", peer)
    return admitted


async def serve_vsock(server: AgentServer, port: int) -> None:
    """Serve the host on a vsock port until cancelled."""
    if sys.platform != "linux":
        raise OSError("there is no vsock but on Linux")
    sock = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    sock.bind((socket.VMADDR_CID_ANY, port))
    await _accept(await asyncio.get_running_loop().create_server(lambda: server.protocol(from_host), sock=sock))


async def serve_unix(server: AgentServer, path: str, owner: int) -> None:
    """Serve on a unix socket that only `owner` (a UID) and root can use, until cancelled."""
    if sys.platform == "win32":
        raise OSError("there are no unix sockets on Windows")
    sock = bind_private(path, owner)
    try:
        await _accept(await asyncio.get_running_loop().create_unix_server(server.protocol, sock=sock))
    finally:
        if os.path.exists(path):
            os.unlink(path)


def bind_private(path: str, owner: int) -> socket.socket:
    """A socket at `path`, in place of an old one; nobody else could connect to it even for a moment."""
    if sys.platform == "win32":
        raise OSError("there are no unix sockets on Windows")
    try:
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            os.unlink(path)
    except FileNotFoundError:
        pass
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        sock.bind(path)
        os.chown(path, owner, -1)
    except BaseException:
        sock.close()
        raise
    finally:
        os.umask(mask)
    return sock


async def _accept(server: asyncio.AbstractServer) -> None:
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        server.close()
