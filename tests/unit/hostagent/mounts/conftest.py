"""The guest of these tests."""

from pathlib import Path

import pytest

from tests.unit.hostagent.mounts.guestbox import GuestBox


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GuestBox:
    return GuestBox(tmp_path, monkeypatch)
