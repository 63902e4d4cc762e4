from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from limavm.cli import logs
from tests.unit.cli.harness import Limactl


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A LIMA_HOME and a user's home directory of their own, and no settings from outside."""
    lima = tmp_path / "lima"
    lima.mkdir()
    for name in ("LIMA_INSTANCE", "LIMA_SHELL", "LIMA_WORKDIR", "LIMACTL", "LIMA_TEMPLATES_PATH", "SSH", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name in ("LIMA_SHELLENV_BLOCK", "LIMA_SHELLENV_ALLOW", "_LIMA_OUTPUT_IS_TTY", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LIMA_HOME", str(lima))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return lima


@pytest.fixture
def fresh_logs() -> Iterator[None]:
    logs.configure(level=logs.INFO, format="text")
    yield
    logs.configure(level=logs.INFO, format="text")


@pytest.fixture
def limactl(home: Path, fresh_logs: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., Limactl]:
    """Runs limactl in this process: `limactl("list", "--json").code`."""
    return lambda *args: Limactl.run(list(args), capsys)
