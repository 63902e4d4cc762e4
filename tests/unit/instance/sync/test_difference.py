import os
import sys
from pathlib import Path

import pytest

from limavm.instance.sync.difference import differences, printable, summary
from tests.unit.instance.sync.box import Box, write

if sys.platform == "win32":
    pytest.skip("directories are not copied on Windows", allow_module_level=True)


def shown(box: Box) -> list[str]:
    plan = box.fetched()
    return list(differences((*plan.conflicts, *plan.changes), str(box.root), str(box.staging)))


def test_every_change_has_a_line(tmp_path: Path) -> None:
    box = Box(tmp_path, {"gone": "x", "changed": "x", "both": "x", "mode": "x"})
    (box.guest / "gone").unlink()
    write(box.guest / "changed", "y", 2)
    write(box.guest / "new\x1b[31m", "y")
    (box.guest / "link").symlink_to("/etc")
    (box.guest / "dir").mkdir(0o755)
    (box.guest / "mode").chmod(0o755)
    write(box.guest / "both", "guest", 2)
    (box.root / "both").unlink()

    assert list(summary(box.fetched())) == [
        "conflict  both (on the host: deleted)",
        "modified  changed",
        "added     dir/",
        "deleted   gone",
        "added     link -> /etc (leads out of the directory)",
        "metadata  mode (mode 644 to 755)",
        "added     new\\x1b[31m",
    ]


def test_texts_are_compared_line_by_line(tmp_path: Path) -> None:
    box = Box(tmp_path, {"a": "one\ntwo\n", "b": "gone\n"})
    write(box.guest / "a", "one\nTWO\n", 2)
    (box.guest / "b").unlink()
    write(box.guest / "c", "new", 2)

    assert shown(box) == [
        *("", "--- host/a", "+++ guest/a", "@@ -1,2 +1,2 @@", " one", "-two", "+TWO"),
        *("", "--- host/b", "+++ guest/b", "@@ -1 +0,0 @@", "-gone"),
        *("", "--- host/c", "+++ guest/c", "@@ -0,0 +1 @@", "+new (no line break at the end)"),
    ]


@pytest.mark.parametrize("text", ["a\0b", "x" * (1 << 20), "\n" * 6000])
def test_what_is_large_or_no_text_is_only_told_to_differ(tmp_path: Path, text: str) -> None:
    box = Box(tmp_path, {"a": "x"})
    write(box.guest / "a", text, 2)

    assert shown(box) == ["", "a differs, and is large or no text"]


def test_bytes_that_are_no_text_are_not_shown(tmp_path: Path) -> None:
    box = Box(tmp_path, {"a": "x"})
    (box.guest / "a").write_bytes(b"\xff\xfe")

    assert shown(box) == ["", "a differs, and is large or no text"]


def test_links_have_no_text(tmp_path: Path) -> None:
    box = Box(tmp_path, {"a": "x"})
    (box.guest / "a").unlink()
    (box.guest / "a").symlink_to("/etc/passwd")

    assert shown(box) == []


def test_a_file_that_vanishes_is_empty(tmp_path: Path) -> None:
    box = Box(tmp_path, {"a": "x\n"})
    write(box.guest / "a", "y\n", 2)
    plan = box.fetched()
    os.unlink(box.root / "a")

    assert "+y" in list(differences(plan.changes, str(box.root), str(box.staging)))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("größe\t→", "größe\t→"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\rb", "a\\rb"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\udcff", "\\udcff"),
        ("new\nline", "new\\nline"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, seen: str) -> None:
    assert printable(text) == seen
