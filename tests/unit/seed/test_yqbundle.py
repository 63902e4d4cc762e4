"""yq for the guest as one file: it needs Python's standard library and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.seed.yqbundle import files, yq_bundle

#: Every Python that we find here beside our own; a guest may have any from 3.10 on.
OTHERS = [path for path in (f"/usr/bin/python3.{minor}" for minor in range(10, 20)) if os.path.exists(path)]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "lima-yq"
    path.write_bytes(yq_bundle())
    return path


def run(python: str, program: Path, path: Path, expression: str) -> subprocess.CompletedProcess[str]:
    (program.parent / "expression").write_text(expression)
    argv = [python, "-IS", str(program), "0123", "auto", str(path), str(program.parent / "expression")]
    environment = {"LIMA_YQ_HOME": str(program.parent / "home"), "PARAM_P": "it's"}
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, cwd="/")


@pytest.mark.parametrize("python", dict.fromkeys([sys.executable, *OTHERS]))
def test_it_edits_files_with_nothing_but_the_standard_library_beside_it(python: str, program: Path) -> None:
    path = program.parent / "app.yaml"
    path.write_text("# top\na: 1  # one\n\nlist:\n- x\n")

    first = run(python, program, path, '.a = 2 | .list += strenv(PARAM_P) | .d = (.a | tag) | .e = "1"')
    second = run(python, program, path, '.list |= map(select(test("^x$"))) | sort_keys(.)')

    assert (first.stderr, second.stderr, first.returncode, second.returncode) == ("", "", 0, 0)
    assert path.read_text() == '# top\na: 2  # one\nd: !!int\ne: "1"\n\nlist:\n- x\n'.replace("!!int", '"!!int"')


@pytest.mark.parametrize("python", dict.fromkeys([sys.executable, *OTHERS]))
@pytest.mark.parametrize("ending", ["json", "ini", "properties", "csv", "tsv", "yaml"])
def test_it_makes_files_of_every_format(python: str, ending: str, program: Path) -> None:
    path = program.parent / f"app.{ending}"

    done = run(python, program, path, '[{"a": "x"}]' if ending in ("csv", "tsv") else '.s.a = "x"')

    assert (done.stderr, done.returncode) == ("", 0)
    assert "x" in path.read_text()


@pytest.mark.parametrize("python", dict.fromkeys([sys.executable, *OTHERS]))
def test_what_is_wrong_is_told_without_a_traceback(python: str, program: Path) -> None:
    done = run(python, program, program.parent / "app.yaml", ".a = (")

    assert "Traceback" not in done.stderr
    assert "never closed" in done.stderr
    assert done.returncode == 1


def test_it_is_kept_in_the_cache(program: Path) -> None:
    assert len(list((program.parent / "cache").rglob("*.zip"))) == 1
    assert yq_bundle() == program.read_bytes()


def test_of_pyyaml_it_takes_the_parser_alone_and_of_us_no_c() -> None:
    found = files()

    assert {"yaml/parser.py", "yaml/_yaml.py", "msgspec.py", "__main__.py", "limavm/errors.py"} <= found.keys()
    assert not {"yaml/cyaml.py", "yaml/constructor.py", "limavm/guestyq/structs.py"} & found.keys()
    assert all(path.endswith(".py") for path in found.values())
