"""Snapshots over the API of the host agent."""

import json

import pytest

from limavm.hostagent.snapshots import PATH, snapshot_actions
from tests.fakes.machine import FakeMachine


@pytest.mark.asyncio
async def test_snapshots_are_made_listed_applied_and_deleted() -> None:
    vm, applied = FakeMachine(), []

    async def was_applied() -> None:
        applied.append(True)

    actions = snapshot_actions(vm, was_applied)

    assert (await actions["POST", PATH]("tag=a%20b", b"")).status == 200
    assert vm.saved == ["a b"]
    assert "a b" in json.loads((await actions["GET", PATH]("", b"")).body)["table"]
    assert (await actions["PUT", PATH]("tag=a%20b", b"")).status == 200
    assert applied == [True]
    assert (await actions["DELETE", PATH]("tag=a%20b", b"")).status == 200
    assert vm.saved == []


@pytest.mark.asyncio
async def test_what_cannot_be_is_told_with_its_reason() -> None:
    async def never() -> None:
        raise AssertionError

    actions = snapshot_actions(FakeMachine(), never)

    refused = await actions["PUT", PATH]("tag=nope", b"")
    assert (refused.status, json.loads(refused.body)["hint"]) == (409, "look at the list")
    assert (await actions["POST", PATH]("", b"")).status == 400
