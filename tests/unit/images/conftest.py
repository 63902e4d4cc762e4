from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.images.download import Client
from tests.unit.images.recording import Recorder
from tests.unit.images.server import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def report() -> Recorder:
    return Recorder()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def client(slept: list[float]) -> Client:
    return Client(timeout=5, sleep=slept.append, now=lambda: 1_793_527_200.0)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and no proxy of the machine."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "lima" / "download" / "by-url-sha256"
