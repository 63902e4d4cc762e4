"""The ways to the guest agent's socket: each makes a connection when it is asked for one."""

import asyncio
from collections.abc import Awaitable, Callable

from limavm.wire.bounded import BoundedProtocol
from limavm.wire.channel import Connect


def unix_socket(path: str) -> Connect:
    """Connects to a unix socket of the host: QEMU's end of the agent's serial port, for one."""

    async def connect(factory: Callable[[], BoundedProtocol]) -> tuple[asyncio.BaseTransport, asyncio.BaseProtocol]:
        return await asyncio.get_running_loop().create_unix_connection(factory, path)

    return connect


def over_ssh(path: str, forward: Callable[[], Awaitable[None]]) -> Connect:
    """Connects to a unix socket of the host that `forward` has ssh forward to the agent's; it is called each time."""
    direct = unix_socket(path)

    async def connect(factory: Callable[[], BoundedProtocol]) -> tuple[asyncio.BaseTransport, asyncio.BaseProtocol]:
        await forward()
        return await direct(factory)

    return connect
