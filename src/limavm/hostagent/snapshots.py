"""`/v1/snapshots`: the snapshots of the machine that runs, listed, made, applied and removed.

Who wants it for a machine that does not run needs no host agent, see `images.snapshots`.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from limavm.driver import VirtualMachine
from limavm.errors import UserError
from limavm.hostagent.api import Action, Actions, Response, error_response, json_response

PATH = "/v1/snapshots"


def snapshot_actions(vm: VirtualMachine, applied: Callable[[], Awaitable[object]]) -> Actions:
    """The actions by method and path; `applied` is called when the guest went on as it was long ago.

    `GET` answers `{"table": …}`; `POST`, `PUT` (apply) and `DELETE` take `?tag=…` and answer an empty object.
    """

    async def apply(tag: str) -> None:
        await vm.apply_snapshot(tag)
        await applied()

    async def table(_query: str, _body: bytes) -> Response:
        return await _refusable(_Table(vm))

    return {
        ("GET", PATH): table,
        ("POST", PATH): _with_tag(vm.create_snapshot),
        ("PUT", PATH): _with_tag(apply),
        ("DELETE", PATH): _with_tag(vm.delete_snapshot),
    }


class _Table:
    def __init__(self, vm: VirtualMachine) -> None:
        self._vm = vm

    async def __call__(self) -> dict[str, str]:
        return {"table": await self._vm.snapshots()}


def _with_tag(act: Callable[[str], Awaitable[None]]) -> Action:
    async def action(query: str, _body: bytes) -> Response:
        tag = parse_qs(query, errors="surrogateescape").get("tag", [""])[-1]
        if not tag:
            return error_response(400, "the tag is missing")

        async def done() -> dict[str, str]:
            await act(tag)
            return {}

        return await _refusable(done)

    return action


async def _refusable(change: Callable[[], Awaitable[dict[str, str]]]) -> Response:
    try:
        return json_response(await change())
    except UserError as error:
        return error_response(409, error.message, error.hint)
