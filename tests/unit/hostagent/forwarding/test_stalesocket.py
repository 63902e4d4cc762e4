"""Sockets that an earlier run has left are removed, and nothing else."""

import os
import socket
import sys
from pathlib import Path

import pytest

from limavm.hostagent.forwarding.opener import ForwardError
from limavm.hostagent.forwarding.stalesocket import remove_stale_socket

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)


async def test_a_socket_on_which_nobody_listens_is_removed(tmp_path: Path) -> None:
    path = str(tmp_path / "a.sock")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)

    await remove_stale_socket(path)
    await remove_stale_socket(path)

    assert not os.path.lexists(path)


async def test_a_socket_in_use_stays_also_when_its_owner_takes_no_connection(tmp_path: Path) -> None:
    path = str(tmp_path / "a.sock")
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(path)
        busy.listen(0)
        waiting.connect(path)
        with pytest.raises(ForwardError, match="somebody else listens"):
            await remove_stale_socket(path)

    assert os.path.lexists(path)


async def test_a_path_that_cannot_be_looked_at_is_an_error_of_the_forward(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ForwardError, match="cannot be looked at: Not a directory"):
        await remove_stale_socket(str(tmp_path / "file" / "a.sock"))
