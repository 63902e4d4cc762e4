"""`shell --reconnect`: the shared ssh connection is dropped, so that a new one is made (spec/cli.md 7.2)."""

import contextlib
import os
import socket
import sys

from limavm.cli import logs
from limavm.errors import UserError
from limavm.host import paths, process
from limavm.model.instance import hostname_of


def drop_master(name: str, directory: str) -> None:
    """Let the ssh master of an instance exit; a socket that nobody listens on is removed.

    Raises UserError when the master lives and does not obey.
    """
    path = os.path.join(directory, paths.SSH_SOCK)
    if not os.path.lexists(path):
        return
    logs.info("dropping the ssh connection of the instance")
    config = os.path.join(directory, paths.SSH_CONFIG)
    try:
        process.run(["ssh", "-F", config, "-O", "exit", hostname_of(name)], timeout=10)
    except UserError as error:
        if _answers(path):
            raise UserError("the ssh connection cannot be dropped", where=path) from error
        logs.warning("removing the socket of an ssh master that is gone", file=path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _answers(path: str) -> bool:
    if sys.platform == "win32":
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(path)
        except OSError:
            return False
    return True
