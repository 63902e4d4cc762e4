from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty

from tests.unit.wire.test_bounded import serving, stub


async def test_a_channel_connects_by_itself_again(tmp_path: Path) -> None:
    async with serving(tmp_path) as path, stub(path) as client:
        await client.get_info(Empty())
        client.get_info.channel.close()
        client.get_info.channel._protocol = None
        assert (await client.get_info(Empty())).local_ports


async def test_a_connection_that_cannot_be_made_is_the_callers_error(tmp_path: Path) -> None:
    async with stub(str(tmp_path / "none")) as client:
        with pytest.raises(FileNotFoundError):
            await client.get_info(Empty())
