"""`/v1/screenshot`: what the machine's display shows (spec/runtime.md 3.5)."""

from limavm.driver import DisplayError, NoDisplayError, VirtualMachine
from limavm.hostagent.api import Action, Response, error_response

_TYPES = {"png": "image/png", "bmp": "image/bmp"}


def screenshot_action(vm: VirtualMachine) -> Action:
    """Answers with the picture that the query string asks for: `format=png`, which is the default, or `format=bmp`."""

    async def act(query: str, _body: bytes) -> Response:
        wishes = dict(part.partition("=")[::2] for part in query.split("&"))
        kind = wishes.get("format") or "png"
        if kind not in _TYPES:
            return error_response(400, f"the format {kind[:20]!r} is not one of {', '.join(_TYPES)}")
        try:
            return Response(body=await vm.screenshot(kind), content_type=_TYPES[kind])
        except NoDisplayError as error:
            return error_response(422, error.message, error.hint)
        except DisplayError as error:
            return error_response(500, error.message, error.hint)

    return act
