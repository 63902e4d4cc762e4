"""`/v1/screenshot`: kinds, and the status of each failure."""

import json

import pytest

from limavm.driver import DisplayError, NoDisplayError
from limavm.hostagent.screenshot import screenshot_action
from tests.fakes.machine import FakeMachine


@pytest.mark.parametrize(
    ("query", "kind"), [("", "png"), ("format=png", "png"), ("x=1&format=bmp", "bmp"), ("format=", "png")]
)
async def test_a_picture_comes_as_the_kind_that_was_asked_for(query: str, kind: str) -> None:
    response = await screenshot_action(FakeMachine())(query, b"")

    assert (response.status, response.content_type) == (200, f"image/{kind}")
    assert response.body == f"a {kind}".encode()


@pytest.mark.parametrize("query", ["format=jpeg", "format=PNG", "format=../png"])
async def test_an_unknown_kind_is_a_bad_request(query: str) -> None:
    assert (await screenshot_action(FakeMachine())(query, b"")).status == 400


@pytest.mark.parametrize(
    ("failure", "status"), [(NoDisplayError("none", hint="set it"), 422), (DisplayError("QEMU is gone"), 500)]
)
async def test_a_machine_without_a_display_is_told_from_one_that_fails(failure: DisplayError, status: int) -> None:
    vm = FakeMachine()
    vm.display_failure = failure

    response = await screenshot_action(vm)("", b"")

    assert response.status == status
    assert json.loads(response.body)["message"] == failure.message
