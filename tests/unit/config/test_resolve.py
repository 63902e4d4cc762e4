import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limavm.config.errors import ConfigError
from limavm.config.resolve import resolve, resolve_text
from limavm.errors import NotFoundError, UserError
from limavm.model.config import Config
from limavm.model.host import HostFacts
from tests.unit.config.conftest import IMAGE, LINUX, MAC, ROOT, Problems, Resolve
from tests.unit.config.documents import DOCUMENTS


def test_an_instance_is_resolved_from_its_directory(lima_home: Path) -> None:
    directory = lima_home / "dev"
    directory.mkdir()
    (directory / "lima.yaml").write_text("cpus: 3\n" + IMAGE)

    assert resolve(str(directory), LINUX, version="2.2.0").config.cpus == 3


def test_an_instance_without_its_file_does_not_exist(lima_home: Path) -> None:
    with pytest.raises(NotFoundError, match="'dev' does not exist"):
        resolve(str(lima_home / "dev"), LINUX, version="2.2.0")


def test_a_file_that_cannot_be_read_is_an_error(lima_home: Path) -> None:
    (lima_home / "dev" / "lima.yaml").mkdir(parents=True)

    with pytest.raises(UserError, match="cannot be read"):
        resolve(str(lima_home / "dev"), LINUX, version="2.2.0")


def test_an_error_names_the_file_line_and_key(lima_home: Path) -> None:
    path = lima_home / "dev" / "lima.yaml"
    path.parent.mkdir()
    path.write_text("\ncpus: four\n" + IMAGE)

    with pytest.raises(ConfigError) as caught:
        resolve(str(path.parent), LINUX, version="2.2.0")

    assert str(caught.value) == f"{path}:2: cpus: must be a whole number, not 'four'"


def test_unknown_keys_are_shown_with_the_problems(resolved: Resolve) -> None:
    with pytest.raises(ConfigError) as caught:
        resolved("cpus: x\nmemroy: 1GiB\n")

    assert str(caught.value).splitlines() == [
        "dev.yaml:1: cpus: must be a whole number, not 'x'",
        "dev.yaml:2: memroy: unknown key; did you mean 'memory'?",
    ]
    assert len(caught.value.problems) == 1


def test_all_broken_files_are_reported(problems: Problems) -> None:
    found = problems("a: [", default="b: [", override="c: [")

    assert len(found) == 3


def test_warnings_of_all_files_are_there(resolved: Resolve) -> None:
    warnings = resolved("cpu: 1", default="mem: 1", override="dsk: 1").warnings

    assert [warning.split("/")[-1].split(":")[:3] for warning in warnings] == [
        ["override.yaml", "1", " dsk"],
        ["dev.yaml", "1", " cpu"],
        ["default.yaml", "1", " mem"],
    ]


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(DOCUMENTS, DOCUMENTS, st.sampled_from([LINUX, MAC, ROOT, msgspec.structs.replace(LINUX, os="windows")]))
def test_resolving_gives_a_configuration_or_problems(
    resolved: Resolve, template: object, override: object, facts: HostFacts
) -> None:
    try:
        config = resolved(
            json.dumps(template),
            override=json.dumps(override),
            facts=facts,
            image="",
        ).config
    except ConfigError as error:
        if not error.problems:
            pytest.fail("an error without problems")
    else:
        assert msgspec.json.decode(msgspec.json.encode(config), type=Config) == config


@settings(max_examples=100)
@given(st.binary(max_size=100))
def test_any_bytes_are_resolved_or_refused(text: bytes) -> None:
    with pytest.raises(ConfigError):
        resolve_text(text, source="x", directory="/x", facts=LINUX, version="2.2.0")
