"""A directory that is served, something beside it that is not, and servers with one wall or both."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fakes.sftpclient import Served, SftpClient, connected, server_argv

#: Whom the server can become in tests that run as root, whom no mode holds back.
NOBODY = 65534 if sys.platform != "win32" and os.geteuid() == 0 else None
#: Whether the server itself runs as root.
AS_ROOT = NOBODY is None and sys.platform != "win32" and os.geteuid() == 0


class Tree(NamedTuple):
    """`root` is served, `outside` is beside it."""

    root: Path
    outside: Path

    def path(self, name: str | bytes) -> bytes:
        """What the client calls it."""
        return os.fsencode(self.root) + b"/" + os.fsencode(name)


@pytest.fixture
def tree() -> Iterator[Tree]:
    top = Path(tempfile.mkdtemp(prefix="sftp-"))
    made = Tree(top / "root", top / "outside")
    for directory in made:
        directory.mkdir()
    (made.outside / "secret").write_text("SECRET")
    (made.outside / "deep").mkdir()
    if sys.platform != "win32" and NOBODY is not None:
        for path in (top, *top.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    yield made
    subprocess.run(["chmod", "-R", "u+rwX", top], check=False)
    shutil.rmtree(top)


@pytest.fixture(
    params=[{}, {"landlock": False}, {"landlock": False, "openat2": False}],
    ids=["all walls", "openat2", "step by step"],
)
def walls(request: pytest.FixtureRequest) -> dict[str, bool]:
    """What the server confines itself with; each has to be enough without the others."""
    return dict(request.param)


@pytest.fixture
def served(tree: Tree, walls: dict[str, bool]) -> Iterator[Served]:
    with connected(server_argv("--root", str(tree.root), user=NOBODY, **walls)) as found:
        yield found


@pytest.fixture
def client(served: Served) -> SftpClient:
    return served.client


def blocks(path: Path) -> int:
    """How much of the disk a file takes, in blocks of 512 bytes."""
    if sys.platform == "win32":
        raise NotImplementedError
    return path.stat().st_blocks
