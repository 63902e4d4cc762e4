"""spec/runtime.md 6.6: a file is edited in place, or made from null input; the format is that of its name."""

import os
from pathlib import Path

import pytest

from limavm.guestyq.main import edited, format_of, main


@pytest.fixture
def expression(tmp_path: Path) -> Path:
    path = tmp_path / "expression"
    path.write_text(".a = 2 | .b.c = strenv(PARAM_P)\n")
    return path


def test_an_existing_file_keeps_its_layout_owner_and_mode(
    expression: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAM_P", "x y")
    path = tmp_path / "f.yaml"
    path.write_text("# top\na: 1  # one\n\nlist:\n- z\n")
    path.chmod(0o640)

    assert main(["auto", str(path), str(expression)]) == 0

    assert path.read_text() == "# top\na: 2  # one\n\nlist:\n- z\nb:\n  c: x y\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(tmp_path)) == ["expression", "f.yaml"]


def test_a_new_file_is_roots_alone_until_it_is_told_otherwise(
    expression: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAM_P", "x")
    path = tmp_path / "f.json"

    assert main(["auto", str(path), str(expression)]) == 0

    assert path.read_text() == '{\n  "a": 2,\n  "b": {\n    "c": "x"\n  }\n}\n'
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_stays_as_it_is_is_not_written(tmp_path: Path) -> None:
    path, expression = tmp_path / "f.yaml", tmp_path / "expression"
    path.write_text("a: 2\n")
    expression.write_text(".a = 2")
    before = path.stat()

    assert main(["auto", str(path), str(expression)]) == 0

    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_link_stays_one(tmp_path: Path) -> None:
    path, expression = tmp_path / "f.yaml", tmp_path / "expression"
    path.write_text("a: 1\n")
    (tmp_path / "link.yaml").symlink_to(path)
    expression.write_text(".a = 2")

    assert main(["auto", str(tmp_path / "link.yaml"), str(expression)]) == 0

    assert path.read_text() == "a: 2\n"
    assert (tmp_path / "link.yaml").is_symlink()


@pytest.mark.parametrize(
    ("given", "path", "expected"),
    [
        ("auto", "/a/b.json", "json"),
        ("auto", "/a/b.properties", "props"),
        ("auto", "/a/b.ini", "ini"),
        ("auto", "/a/b.csv", "csv"),
        ("auto", "/a/b.tsv", "tsv"),
        ("auto", "/a/b.yml", "yaml"),
        ("auto", "/a/b.conf", "yaml"),
        ("auto", "/a/b", "yaml"),
        ("json", "/a/b.yaml", "json"),
        ("props", "/a/b", "props"),
    ],
)
def test_the_format_is_that_which_is_given_or_that_of_the_name(given: str, path: str, expected: str) -> None:
    assert format_of(given, path) == expected


@pytest.mark.parametrize(
    ("form", "before", "expression", "expected"),
    [
        ("ini", b"[s]\nk = v\n", '.s.k = "w"', b"[s]\nk = w\n"),
        ("props", b"a.b = 1\n", ".a.c = 2", b"a.b = 1\na.c = 2\n"),
        ("csv", b"a,b\n1,2\n", ".[0].b = 3", b"a,b\n1,3\n"),
        ("yaml", b"", ".a = 1", b"a: 1\n"),
        ("yaml", None, '.a = "1"', b'a: "1"\n'),
        ("yaml", b"a: 1\n---\nb: 2\n", ".c = 3", b"a: 1\nc: 3\n---\nb: 2\nc: 3\n"),
        ("yaml", b"a: 1\n", ".a", b"1\n"),
    ],
)
def test_formats_are_edited(form: str, before: bytes | None, expression: str, expected: bytes) -> None:
    assert edited(before, expression, form, "f") == expected


@pytest.mark.parametrize(
    ("name", "before", "expression", "said"),
    [
        ("f.toml", None, ".a = 1", "'toml' cannot be written"),
        ("f.xml", None, ".a = 1", "'xml'"),
        ("f.yaml", "a: [", ".a = 1", "not YAML"),
        ("f.yaml", "a: 1\n", ".a = ", "expression"),
        ("f.yaml", "a: 1\n", 'load("/does/not/exist")', "/does/not/exist"),
        ("no/dir/f.yaml", None, ".a = 1", "No such file"),
    ],
)
def test_what_is_wrong_is_told_and_the_file_is_the_old_one(
    name: str, before: str | None, expression: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    if before is not None:
        path.write_text(before)
    (tmp_path / "expression").write_text(expression)

    assert main(["auto", str(path), str(tmp_path / "expression")]) == 1

    assert said in capsys.readouterr().err
    assert (path.read_text() if path.exists() else None) == before


def test_without_its_three_words_it_tells_which(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["auto"]) == 2

    assert "usage" in capsys.readouterr().err
