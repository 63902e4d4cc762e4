"""The machines of these tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from limavm.model.arch import Arch
from tests.unit.driver.qemu.sharescene import Scene, watched


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    found = Scene(tmp_path)
    async for one in watched(found):
        yield one


@pytest.fixture
async def without_ports(tmp_path: Path) -> AsyncIterator[Scene]:
    async for one in watched(Scene(tmp_path, Arch.S390X)):
        yield one
