"""`/v1/mounts`: how the mounts stand, once or again at each change; more of them, and fewer."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from urllib.parse import parse_qs

import msgspec

from limavm.errors import UserError
from limavm.hostagent.api import Action, Handler, Response, error_response, json_response
from limavm.hostagent.listing import flag, list_handler
from limavm.model.config import Mount
from limavm.model.mount import MountState


class Mounting(Protocol):
    """What keeps the mounts."""

    def states(self) -> Sequence[MountState]:
        """How each of them stands."""

    async def changed(self) -> None:
        """Return when `states` answers otherwise than at the time of the call."""

    async def add(self, mount: Mount) -> MountState:
        """One more; raises UserError."""

    async def remove(self, mount_point: str, *, force: bool = False) -> None:
        """One less; raises UserError."""


def mounts_handler(mounts: Mounting) -> Handler:
    """The handler of `GET /v1/mounts`."""
    return list_handler("mounts", mounts.states, mounts.changed)


def add_action(mounts: Mounting) -> Action:
    """`POST /v1/mounts`: the body is a Mount as in the configuration, the answer its state."""

    async def add(_query: str, body: bytes) -> Response:
        try:
            mount = msgspec.json.decode(body, type=Mount)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return error_response(400, f"the body is no mount: {error}")
        return await _refusable(lambda: mounts.add(mount))

    return add


def remove_action(mounts: Mounting) -> Action:
    """`DELETE /v1/mounts?mountPoint=…[&force=true]`: the answer is an empty object."""

    async def remove(query: str, _body: bytes) -> Response:
        point = parse_qs(query, errors="surrogateescape").get("mountPoint", [""])[-1]
        force = flag(query, "force")
        if not point or force is None:
            return error_response(400, "mountPoint is missing" if not point else "force is true or false")

        async def removed() -> dict[str, str]:
            await mounts.remove(point, force=force)
            return {}

        return await _refusable(removed)

    return remove


async def _refusable(change: Callable[[], Awaitable[object]]) -> Response:
    try:
        return json_response(await change())
    except UserError as error:
        return error_response(409, error.message, error.hint)
