import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.harness import YAML, Limactl

Run = Callable[..., Limactl]


def test_the_schema_is_printed(limactl: Run) -> None:
    done = limactl("generate-jsonschema")

    assert done.code == 0
    assert json.loads(done.out)["$ref"] == "#/$defs/LimaYAML"
    assert done.out.startswith('{\n    "$schema"')


def test_editors_show_what_the_default_template_says_of_a_key(limactl: Run) -> None:
    properties = json.loads(limactl("generate-jsonschema").out)["$defs"]["LimaYAML"]["properties"]

    assert "Default" in properties["cpus"]["description"]


def test_files_are_checked_and_the_schema_is_written(limactl: Run, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(YAML)

    done = limactl("generate-jsonschema", "--schemafile", str(tmp_path / "s.json"), str(tmp_path / "good.yaml"))

    assert done.code == 0
    assert "good.yaml: OK" in done.err
    assert json.loads((tmp_path / "s.json").read_text())["$defs"]


def test_a_device_or_a_link_is_written_to_and_not_replaced(limactl: Run, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("s.json")

    assert limactl("generate-jsonschema", "--schemafile", str(tmp_path / "link")).code == 0
    assert limactl("generate-jsonschema", "--schemafile", os.devnull).code == 0
    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "s.json").read_text())["$defs"]
    assert not os.path.isfile(os.devnull)


def test_files_need_a_place_for_the_schema(limactl: Run, tmp_path: Path) -> None:
    done = limactl("generate-jsonschema", str(tmp_path / "good.yaml"))

    assert done.code == 1
    assert "--schemafile" in done.err


def test_every_flaw_of_a_file_is_told(limactl: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("cpus: many\nmounts: null\nunknown: 1\n")

    done = limactl("generate-jsonschema", "--schemafile", str(tmp_path / "s.json"), str(tmp_path / "bad.yaml"))

    assert done.code == 1
    for place in ("bad.yaml: cpus: ", "bad.yaml: mounts: ", "'unknown'"):
        assert place in done.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [", "this is not YAML"),
        (b"\xff", "not UTF-8"),
        (b"- 1\n", "not of type 'object'"),
        (None, "does not exist"),
    ],
)
def test_a_file_that_is_no_configuration_is_an_error(
    limactl: Run, tmp_path: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "bad.yaml").write_bytes(content)

    done = limactl("generate-jsonschema", "--schemafile", str(tmp_path / "s.json"), str(tmp_path / "bad.yaml"))

    assert done.code == 1
    assert message in done.err


def test_a_schema_file_that_cannot_be_written_is_an_error(limactl: Run, tmp_path: Path) -> None:
    done = limactl("generate-jsonschema", "--schemafile", os.path.join(tmp_path, "missing", "s.json"))

    assert done.code == 1
    assert "cannot be written" in done.err


def test_without_the_library_the_user_is_told_what_to_install(
    limactl: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "good.yaml").write_text(YAML)
    monkeypatch.setitem(sys.modules, "jsonschema", None)

    done = limactl("generate-jsonschema", "--schemafile", str(tmp_path / "s.json"), str(tmp_path / "good.yaml"))

    assert done.code == 1
    assert "limavm[schema]" in done.err
