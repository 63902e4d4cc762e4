import io
import os
import sys
from pathlib import Path

import pytest

from limavm.cli.locators import Reader
from limavm.errors import UserError
from tests.unit.cli.harness import python
from tests.unit.config.webserver import serving


@pytest.fixture
def path(tmp_path: Path, home: Path, fresh_logs: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in PATH for plugins."""
    directory = tmp_path / "plugins"
    directory.mkdir()
    monkeypatch.setenv("PATH", os.pathsep.join((str(directory), os.environ["PATH"])))
    monkeypatch.setenv("no_proxy", "*")
    return directory


def plugin(directory: Path, scheme: str, script: str) -> None:
    program = directory / f"limactl-url-{scheme}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_standard_input_is_read_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"cpus: 1\n")))
    reader = Reader()

    assert [reader("-").text, reader("-", "dev").text] == [b"cpus: 1\n"] * 2


def test_a_page_is_fetched_once(path: Path) -> None:
    with serving() as server:
        server.pages["/x.yaml"] = b"cpus: 1\n"
        reader = Reader()

        assert [reader(f"{server.url}/x.yaml").text for _ in range(2)] == [b"cpus: 1\n"] * 2
        assert len(server.requests) == 1


def test_a_plugin_is_found_in_path(path: Path) -> None:
    plugin(path, "mine", 'echo "template:$1"')

    reader = Reader()

    assert reader("mine:debian").name == "debian"
    assert reader.transformed("MINE:debian") == "template:debian"


def test_a_plugin_that_fails_is_quoted(path: Path) -> None:
    plugin(path, "mine", "echo no such thing >&2; exit 2")

    with pytest.raises(UserError, match=r"limactl-url-mine failed .*: no such thing"):
        Reader()("mine:x")


def test_a_plugin_that_cannot_be_executed_does_not_count(path: Path) -> None:
    plugin(path, "mine", "echo template:debian")
    (path / "limactl-url-mine").chmod(0o644)

    with pytest.raises(UserError, match="there is no plugin limactl-url-mine"):
        Reader()("mine:x")


def test_a_warning_is_given_once(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reader = Reader()
    for _ in range(2):
        reader("template://debian")

    assert capsys.readouterr().err.count("is the old form of") == 1


def test_the_images_of_rawhide_have_a_scheme_unless_a_plugin_takes_it(path: Path) -> None:
    with pytest.raises(UserError, match="there is only fedora-rawhide:_images/fedora-rawhide"):
        Reader().transformed("fedora-rawhide:other")

    plugin(path, "fedora-rawhide", "echo /x.yaml")

    assert Reader().transformed("fedora-rawhide:other") == "/x.yaml"


def test_a_template_in_a_file_loads_no_network() -> None:
    heavy = {"ssl", "http", "urllib", "subprocess"}

    done = python(f"import sys; from limavm.cli import locators; print(sorted({heavy} & {{*sys.modules}}))")

    assert (done.stdout, done.stderr) == ("[]\n", "")
