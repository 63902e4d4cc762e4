import io
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from limavm.cli.complete import complete
from limavm.cli.positionals import DEFAULT, NO_FILES
from limavm.cli.templates import filled, read_template, visible_templates
from limavm.config.locator import Template
from limavm.config.templatestore import BUILT_IN
from tests.unit.cli.harness import Run
from tests.unit.config.webserver import Server, serving

BASE = "cpus: 2\nenv: {FROM: base}\n"
TEXT = """\
# What it is.
base: base.yaml
images:
- location: /x.img  # where
provision:
- mode: system
  file: setup.sh
"""


@pytest.fixture
def directory(tmp_path: Path, home: Path) -> Path:
    """A template with a base and a script beside it."""
    path = tmp_path / "templates"
    path.mkdir()
    (path / "dev.yaml").write_text(TEXT)
    (path / "base.yaml").write_text(BASE)
    (path / "setup.sh").write_text("#!/bin/sh\ntrue\n")
    (home / "_config").mkdir()
    (home / "_config" / "base.yaml").write_text("env: {ALSO: mine}\n")
    return path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with serving() as running:
        yield running


def test_a_copy_names_in_full_what_it_refers_to_and_changes_nothing_else(limactl: Run, directory: Path) -> None:
    done = limactl("template", "copy", str(directory / "dev.yaml"))

    expected = TEXT.replace("base.yaml", f"{directory}/base.yaml").replace("setup.sh", f"{directory}/setup.sh")
    assert (done.code, done.out) == (0, expected)


def test_a_verbatim_copy_has_the_same_bytes(limactl: Run, directory: Path) -> None:
    text = b"# \xff\r\nbase:   x.yaml\n\n"
    (directory / "odd.yaml").write_bytes(text)
    target = directory / "copy.yaml"

    assert limactl("tmpl", "copy", "--verbatim", str(directory / "odd.yaml"), str(target)).code == 0
    assert target.read_bytes() == text


def test_an_embedded_copy_leaves_references_to_templates(limactl: Run, home: Path, directory: Path) -> None:
    (home / "_templates").mkdir()
    (home / "_templates" / "mine.yaml").write_text("memory: 1GiB\n")
    (directory / "dev.yaml").write_text(TEXT.replace("base.yaml", "[base.yaml, 'template:mine']"))

    partly = yaml.safe_load(limactl("template", "copy", "--embed", str(directory / "dev.yaml")).out)
    whole = yaml.safe_load(limactl("template", "copy", "--embed-all", str(directory / "dev.yaml")).out)

    assert partly["base"] == ["template:mine"] or partly["base"] == "template:mine"
    assert partly["cpus"] == whole["cpus"] == 2
    assert partly["provision"][0]["script"] == "#!/bin/sh\ntrue\n"
    assert "base" not in whole
    assert whole["memory"] == "1GiB"
    assert whole["env"] == {"FROM": "base"}, "_config/base.yaml is for instances"


def test_a_filled_copy_has_all_defaults_but_the_drivers(limactl: Run, home: Path, directory: Path) -> None:
    (home / "_config" / "default.yaml").write_text("disk: 7GiB\n")

    value = yaml.safe_load(limactl("template", "copy", "--fill", str(directory / "dev.yaml")).out)

    assert value["env"] == {"ALSO": "mine", "FROM": "base"}
    assert value["disk"] == "7GiB"
    assert value["ssh"]["localPort"] == 0
    assert {"vmType", "mountType", "base"} & set(value) == set()


def test_a_filled_copy_knows_the_home_of_lima_as_its_directory(limactl: Run, home: Path, directory: Path) -> None:
    (directory / "dev.yaml").write_text(
        "images: [{location: /x}]\ncopyToHost: [{guest: /a, host: '{{.Dir}}/{{.Name}}'}]\n"
    )

    value = yaml.safe_load(limactl("template", "copy", "--fill", str(directory / "dev.yaml")).out)

    assert value["copyToHost"][0]["host"] == f"{home}/{home.name}"


def test_what_cannot_be_filled_is_an_error_with_its_place(limactl: Run, directory: Path) -> None:
    (directory / "base.yaml").write_text("cpus: many\n")

    done = limactl("template", "copy", "--fill", str(directory / "dev.yaml"))

    assert done.code == 1
    assert f"{directory}/base.yaml:1: cpus: " in done.message


#: All but the one whose images have to be asked for.
BUILT_IN_NAMES = sorted(
    str(path.relative_to(BUILT_IN).with_suffix(""))
    for path in Path(BUILT_IN).rglob("*.yaml")
    if not path.relative_to(BUILT_IN).parts[0].startswith("_") and path.stem != "fedora-rawhide"
)


@pytest.mark.parametrize("name", BUILT_IN_NAMES)
def test_a_filled_template_loads_to_the_same(home: Path, tmp_path: Path, name: str) -> None:
    text = filled(read_template(f"template:{name}"))

    assert filled(Template(locator=str(tmp_path / "x.yaml"), name="x", text=text)) == text


@pytest.mark.parametrize("flags", [["--embed"], ["--embed-all"], ["--fill"], ["--embed", "--fill"]])
def test_verbatim_excludes_the_others(limactl: Run, directory: Path, flags: list[str]) -> None:
    done = limactl("template", "copy", "--verbatim", *flags, str(directory / "dev.yaml"))

    assert done.code == 1
    assert "--verbatim excludes" in done.message


def test_a_copy_is_a_file_that_everybody_may_read(limactl: Run, directory: Path) -> None:
    target = directory / "copy.yaml"

    assert limactl("template", "copy", "--verbatim", str(directory / "dev.yaml"), str(target)).out == ""
    assert target.read_text() == TEXT
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_a_copy_replaces_the_content_of_a_file_and_keeps_its_mode(limactl: Run, directory: Path) -> None:
    target = directory / "copy.yaml"
    target.write_text("a much longer text that was there before\n" * 100)
    target.chmod(0o600)

    limactl("template", "copy", "--verbatim", str(directory / "dev.yaml"), str(target))

    assert target.read_text() == TEXT
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_copy_may_replace_its_own_template(limactl: Run, directory: Path) -> None:
    path = str(directory / "dev.yaml")

    assert limactl("template", "copy", "--embed", path, path).code == 0
    assert yaml.safe_load(Path(path).read_text())["cpus"] == 2


def test_a_copy_goes_where_a_link_leads_to(limactl: Run, directory: Path) -> None:
    (directory / "link.yaml").symlink_to("real.yaml")

    limactl("template", "copy", "--verbatim", str(directory / "dev.yaml"), str(directory / "link.yaml"))

    assert (directory / "link.yaml").is_symlink()
    assert (directory / "real.yaml").read_text() == TEXT


def test_a_copy_that_cannot_be_written_is_an_error(limactl: Run, directory: Path) -> None:
    for target in (directory, directory / "missing" / "x.yaml"):
        done = limactl("template", "copy", str(directory / "dev.yaml"), str(target))

        assert done.code == 1
        assert "the file cannot be written" in done.message


def test_a_template_may_come_from_standard_input(limactl: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"cpus: 1\n")))

    assert limactl("template", "copy", "--verbatim", "-").out == "cpus: 1\n"


@pytest.mark.parametrize("text", [b"", b" \n\n"])
def test_an_empty_template_is_an_error(limactl: Run, home: Path, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x.yaml").write_bytes(text)

    done = limactl("template", "copy", str(tmp_path / "x.yaml"))

    assert done.code == 1
    assert "there is nothing in it" in done.message


def test_a_copy_of_a_page(limactl: Run, home: Path, server: Server) -> None:
    server.pages.update({"/a/dev.yaml": b"base: x.yaml\nimages: [{location: /x}]\n", "/a/x.yaml": b"cpus: 3\n"})

    located = limactl("template", "copy", f"{server.url}/a/dev.yaml").out
    embedded = limactl("template", "copy", "--embed", f"{server.url}/a/dev.yaml").out

    assert yaml.safe_load(located)["base"] == f"{server.url}/a/x.yaml"
    assert yaml.safe_load(embedded)["cpus"] == 3


def test_on_a_terminal_it_has_colours(limactl: Run, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_LIMA_OUTPUT_IS_TTY", "1")

    done = limactl("template", "copy", "--verbatim", str(directory / "dev.yaml"))

    assert "\x1b[36mimages\x1b[0m:" in done.out
    assert re.sub("\x1b\\[\\d+m", "", done.out) == TEXT


@pytest.mark.parametrize(
    ("expression", "out"),
    [
        (".cpus", "2\n"),
        (".images[].location", "/x.img\n"),
        (".env", "ALSO: mine\nFROM: base\n"),
        (".ssh.localPort, .plain", "0\nfalse\n"),
        (".missing", "null\n"),
    ],
)
def test_a_filled_template_can_be_asked(limactl: Run, directory: Path, expression: str, out: str) -> None:
    done = limactl("template", "yq", str(directory / "dev.yaml"), expression)

    assert (done.code, done.out) == (0, out)


def test_a_wrong_expression_is_an_error(limactl: Run, directory: Path) -> None:
    done = limactl("template", "yq", str(directory / "dev.yaml"), ".a[")

    assert done.code == 1
    assert done.out == ""


@pytest.mark.parametrize(
    ("locator", "out"),
    [
        ("template://foo", "template:foo\n"),
        ("nothing:x", "nothing:x\n"),
        ("./x.yaml", "./x.yaml\n"),
        ("https://example.com/x.yaml", "https://example.com/x.yaml\n"),
        ("mine:x", "https://example.com/x\n"),
    ],
)
def test_where_a_locator_leads_to(
    limactl: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locator: str, out: str
) -> None:
    plugin = tmp_path / "limactl-url-mine"
    plugin.write_text('#!/bin/sh\necho "https://example.com/$1"\n')
    plugin.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    assert limactl("template", "url", locator).out == out


@pytest.mark.parametrize(
    "argv", [["copy"], ["copy", "a", "b", "c"], ["yq", "a"], ["url"], ["url", "a", "b"], ["validate"]]
)
def test_arguments_are_counted(limactl: Run, home: Path, argv: list[str]) -> None:
    done = limactl("template", *argv)

    assert done.code == 1
    assert f"limactl template {argv[0]}" in done.message


def test_validate_is_the_same_command(limactl: Run, directory: Path) -> None:
    assert "is valid" in limactl("template", "validate", str(directory / "dev.yaml")).err


@pytest.mark.parametrize("command", ["copy", "yq", "validate"])
def test_templates_are_completed(home: Path, command: str) -> None:
    candidates, directive = complete(["template", command, "template:debian-1"])

    expected = [f"template:{name}" for name in visible_templates() if name.startswith("debian-1")]
    assert [value for value, _ in candidates] == expected
    assert directive == DEFAULT


def test_after_the_template_a_file_or_nothing_is_completed(home: Path) -> None:
    assert complete(["template", "copy", "template:x", ""]) == ([], DEFAULT)
    assert complete(["tmpl", "yq", "template:x", ""]) == ([], NO_FILES)
    assert [value for value, _ in complete(["template", ""])[0]] == ["copy", "url", "validate", "yq"]
    assert complete(["template", "url", ""]) == ([], NO_FILES)
