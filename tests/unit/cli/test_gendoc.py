"""`limactl generate-doc`, and that docs/commands is what it writes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.cli.gendoc import texts
from tests.unit.cli.harness import Run

COMMANDS = Path(__file__).parents[3] / "docs" / "commands"


@pytest.mark.skipif(sys.platform == "win32", reason="start has fewer flags there")
def test_the_pages_in_docs_are_up_to_date() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in COMMANDS.iterdir()}

    assert written == dict(texts("markdown")), "run `make docs`"


@pytest.mark.parametrize(
    ("flags", "name", "begin"),
    [
        ([], "limactl-list.1", ".TH "),
        (["--type=man"], "lima.1", ".TH "),
        (["--type=docsy"], "limactl_list.md", "---\ntitle: limactl list\n"),
        (["--type", "markdown"], "limactl_list.md", "<!-- "),
    ],
)
def test_a_manual_of_each_type(
    limactl: Run, home: Path, tmp_path: Path, flags: list[str], name: str, begin: str
) -> None:
    done = limactl("generate-doc", *flags, str(tmp_path / "a" / "b"))

    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "a" / "b" / name).read_text().startswith(begin)


def test_paths_of_this_host_are_replaced(
    limactl: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Any path will do that pages name: they name none of a host.
    monkeypatch.setenv("HOME", "/usr/local/share")
    limactl("generate-doc", "--type=markdown", f"--output={tmp_path}", "--prefix=/there", str(tmp_path / "docs"))

    assert not [path for path in (tmp_path / "docs").iterdir() if str(tmp_path) in path.read_text()]
    assert not [path for path in (tmp_path / "docs").iterdir() if "/usr/local/share" in path.read_text()]


@pytest.mark.parametrize("args", [["--type=pdf", "x"], ["--type=", "x"], [], ["x", "y"]])
def test_what_is_wrong_is_one_message(
    limactl: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert limactl("generate-doc", *args).code == 1
    assert not (tmp_path / "x").exists()


def test_a_place_that_is_a_file_is_an_error(limactl: Run, home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert "file" in limactl("generate-doc", str(tmp_path / "file" / "docs")).message
    done = limactl("generate-doc", str(tmp_path / "file"))
    assert done.code == 1
    assert len(done.err.splitlines()) == 1


def test_it_is_hidden_and_has_a_short_name(limactl: Run, home: Path, tmp_path: Path) -> None:
    assert "generate-doc" not in limactl("--help").out
    assert limactl("gendoc", str(tmp_path)).code == 0


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_has_nothing_to_complain_of() -> None:
    pages = "\n".join(text for _, text in texts("man"))

    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-ww", "-z"], input=pages, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


@pytest.mark.parametrize("command", [["generate-doc"], ["mcp", "generate-doc"]])
def test_a_directory_without_a_name_is_refused(limactl: Run, command: list[str]) -> None:
    done = limactl(*command, "")

    assert done.code == 1
    assert "no name" in done.message
