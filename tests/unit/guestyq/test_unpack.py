"""The archive unpacks itself once for each digest."""

import zipfile
from pathlib import Path

from limavm.guestyq.unpack import unpacked


def archive(path: Path, text: str) -> str:
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("CONTENTS", "CONTENTS\nlimavm/a.py\n")
        target.writestr("limavm/a.py", text)
    return str(path)


def test_what_was_unpacked_is_used_again_and_what_is_old_goes(tmp_path: Path) -> None:
    base = tmp_path / "yq"

    first = unpacked(archive(tmp_path / "one", "1"), str(base), "d1")
    again = unpacked(str(tmp_path / "gone"), str(base), "d1")
    (base / "d2.new").mkdir()  # of an attempt that was interrupted
    second = unpacked(archive(tmp_path / "two", "2"), str(base), "d2")

    assert first == again == str(base / "d1")
    assert Path(second, "limavm/a.py").read_text() == "2"
    assert [entry.name for entry in base.iterdir()] == ["d2"]
