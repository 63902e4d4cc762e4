import os
import stat
from pathlib import Path

import pytest

from limavm.cli import editor
from limavm.errors import UserError


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(stat.S_IRWXU)
    return path


@pytest.fixture
def editors(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is all of PATH but for the shell."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in ("sed", "cat", "cp", "rm"):
        os.symlink(f"/bin/{name}", directory / name)
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return directory


def test_visual_comes_before_editor_and_editor_before_the_usual_ones(
    editors: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("vi", "vim", "one", "two"):
        program(editors / name, "")
    assert editor.find_editor() == [str(editors / "vim")]
    monkeypatch.setenv("EDITOR", "two")
    assert editor.find_editor() == [str(editors / "two")]
    monkeypatch.setenv("VISUAL", "one")
    assert editor.find_editor() == [str(editors / "one")]


@pytest.mark.parametrize("value", ["missing", "vim -u NONE", "", "/nowhere/ed"])
def test_an_editor_that_is_not_found_is_skipped_and_named(
    editors: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    program(editors / "emacs", "")
    monkeypatch.setenv("VISUAL", value)

    assert editor.find_editor() == [str(editors / "emacs")]
    assert (f"VISUAL={value} is not in PATH" in capsys.readouterr().err) == bool(value)


@pytest.mark.parametrize(
    ("value", "arguments"), [("code --wait", ["--wait"]), ("'code' -c 'a b'", ["-c", "a b"]), ("my code", [])]
)
def test_an_editor_may_have_arguments_or_blanks_in_its_path(
    editors: Path, monkeypatch: pytest.MonkeyPatch, value: str, arguments: list[str]
) -> None:
    for name in ("code", "my code"):
        program(editors / name, "")
    monkeypatch.setenv("EDITOR", value)

    assert editor.find_editor() == [str(editors / ("code" if arguments else "my code")), *arguments]


def test_without_any_editor_the_variable_is_suggested(editors: Path) -> None:
    with pytest.raises(UserError, match="EDITOR"):
        editor.edit(b"cpus: 1\n", "x")


def test_the_text_comes_back_without_its_header(editors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(editors / "ed", 'sed -i \'s/cpus: 1/cpus: 2/\' "$1"; cp "$1" $HOME/seen')
    monkeypatch.setenv("EDITOR", "ed")

    assert editor.edit(b"# mine\ncpus: 1\n", "this") == b"# mine\ncpus: 2\n"
    assert Path(os.environ["HOME"], "seen").read_text().startswith("# Edit this")
    assert not list(Path(os.environ["TMPDIR"]).glob("lima-editor-*"))


@pytest.mark.parametrize("script", [': >"$1"', 'echo "  " >"$1"', 'sed -i /cpus/d "$1"'])
def test_a_blank_text_is_empty(editors: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program(editors / "ed", script)
    monkeypatch.setenv("EDITOR", "ed")

    assert editor.edit(b"cpus: 1\n", "this") == b""


def test_a_failing_editor_is_an_error_and_leaves_no_file(editors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(editors / "ed", "exit 3")
    monkeypatch.setenv("EDITOR", "ed")

    monkeypatch.chdir(editors)

    with pytest.raises(UserError, match="exit status 3"):
        editor.edit(b"cpus: 1\n", "this")
    assert not (editors / "lima.REJECTED.yaml").exists()
    assert not list(Path(os.environ["TMPDIR"]).glob("lima-editor-*"))


def test_what_was_saved_in_an_editor_that_fails_is_kept(
    editors: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(editors / "ed", 'sed -i "s/cpus: 1/cpus: 2/" "$1"; exit 1')
    monkeypatch.setenv("EDITOR", "ed")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UserError, match="exit status 1") as caught:
        editor.edit(b"cpus: 1\n", "this")

    assert (tmp_path / "lima.REJECTED.yaml").read_bytes() == b"cpus: 2\n"
    assert "lima.REJECTED.yaml" in str(caught.value.hint)


def test_the_header_quotes_what_counts_for_every_instance(home: Path) -> None:
    (home / "_config").mkdir()
    (home / "_config" / "default.yaml").write_text("cpus: 8\n\nmemory: 1GiB\n")
    (home / "_config" / "override.yaml").write_text("\n")

    header = editor.header("this", "a note")

    assert "#   cpus: 8\n#\n#   memory: 1GiB\n" in header
    assert "override" not in header
    assert all(line.startswith("#") for line in header.splitlines() if line)
    assert "# a note\n" in header
