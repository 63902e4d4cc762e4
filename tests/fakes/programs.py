"""Programs that stand in for real ones, found first in PATH."""

import os
from pathlib import Path

import pytest


def install(name: str, text: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make `text` the program `name`, in `bin` of the directory; its path."""
    program = directory / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(text)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program
