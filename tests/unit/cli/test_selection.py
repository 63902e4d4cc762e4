"""`list --filter` and `list --yq`."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.harness import YAML, Run, make_instance


@pytest.fixture(autouse=True)
def instances(home: Path) -> None:
    make_instance(home, "one", YAML.replace("cpus: 2", "cpus: 1"))
    make_instance(home, "two")
    make_instance(home, "six", YAML.replace("cpus: 2", "cpus: 6"))


@pytest.mark.parametrize("flag", ["--filter", "-l"])
@pytest.mark.parametrize("flags", [["-q"], ["--format={{.Name}}"]])
def test_a_filter_keeps_what_it_is_true_for(limactl: Run, flag: str, flags: list[str]) -> None:
    assert limactl("list", *flags, flag, ".cpus > 1").out == "six\ntwo\n"


def test_all_filters_must_be_true(limactl: Run) -> None:
    assert limactl("list", "-q", "-l", ".cpus > 1", "-l", '.name == "t*"').out == "two\n"


def test_filters_are_applied_in_every_format(limactl: Run) -> None:
    assert [line.split()[0] for line in limactl("list", "-l", ".cpus == 1").out.splitlines()] == ["NAME", "one"]
    assert json.loads(limactl("list", "--json", "-l", ".cpus == 1").out)["name"] == "one"
    assert "name: one" in limactl("list", "--format=yaml", "-l", ".cpus == 1").out


def test_a_filter_does_not_see_the_host_and_an_expression_does(limactl: Run) -> None:
    assert limactl("list", "-q", "-l", 'has("HostOS")').out == ""
    assert limactl("list", "--yq", 'has("HostOS")', "one").out == "true\n"


def test_errors_are_texts_to_a_filter(limactl: Run, home: Path) -> None:
    make_instance(home, "bad", "cpus: many\n")

    done = limactl("list", "-q", "-l", '.errors[] | test("cpus")')

    assert done.out == "bad\n"
    assert done.err == ""


def test_only_instances_that_are_kept_are_warned_about(limactl: Run, home: Path) -> None:
    make_instance(home, "bad", "cpus: many\n")

    assert limactl("list", "-l", ".cpus == 1").err == ""
    assert "'bad' has problems" in limactl("list", "-l", '.status == ""').err


def test_scalars_are_printed_raw(limactl: Run) -> None:
    assert limactl("list", "--yq", ".name").out == "one\nsix\ntwo\n"
    assert limactl("list", "--yq", ".protected, .cpus", "one").out == "false\n1\n"


def test_the_rest_is_json_without_empty_objects(limactl: Run) -> None:
    done = limactl("list", "--yq", '{"n": .name, "none": {}, "é": "<&>"}', "one")

    assert done.out == '{"n":"one","é":"<&>"}\n'


def test_expressions_follow_one_another(limactl: Run) -> None:
    assert limactl("list", "--yq", "select(.cpus > 1)", "--yq", ".name").out == "six\ntwo\n"
    assert limactl("list", "-q", "--yq", "select(.cpus > 1)").out == "six\ntwo\n"
    assert limactl("list", "-l", ".cpus > 1", "--yq", ".cpus").out == "6\n2\n"


def test_results_as_yaml(limactl: Run) -> None:
    done = limactl("list", "--format=yaml", "--yq", '{"who": .name}', "one", "two")

    assert done.out == "who: one\n---\nwho: two\n"
    assert limactl("list", "--format=yaml", "--yq", ".name", "one").out == "one\n"


def test_on_a_terminal_objects_are_indented(limactl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_LIMA_OUTPUT_IS_TTY", "1")

    assert '{\n    \x1b[36m"n"' in limactl("list", "--yq", '{"n": .name}', "one").out
    assert limactl("list", "--yq", ".name", "one").out == "one\n"


@pytest.mark.parametrize("flag", ["--yq", "--filter"])
@pytest.mark.parametrize(
    "expression",
    [".cpus ==", "env(HOME)", 'load("/etc/passwd")', "nope(1)", ")", '"', "strenv(HOME)", 'system("id")', ".name["],
)
def test_an_expression_that_fails_is_an_error_that_names_the_flag(limactl: Run, flag: str, expression: str) -> None:
    done = limactl("list", flag, expression)

    assert done.code == 1
    assert done.out == ""
    assert flag in done.message
    assert "^" in done.message


def test_an_unknown_name_fails_after_what_is_shown(limactl: Run) -> None:
    done = limactl("list", "--yq", ".name", "nope", "one")

    assert (done.code, done.out) == (1, "one\n")


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_an_empty_object_prints_nothing(limactl: Run, form: str) -> None:
    assert limactl("list", f"--format={form}", "--yq", "{}", "one").out == ""


def test_single_values_have_no_colour_on_a_terminal(limactl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_LIMA_OUTPUT_IS_TTY", "1")

    assert limactl("list", "--format=yaml", "--yq", ".name", "one").out == "one\n"
    assert "\x1b[" in limactl("list", "--format=yaml", "--yq", ".config.images", "one").out


@pytest.mark.parametrize("flag", ["--yq", "--filter"])
def test_an_empty_expression_is_none(limactl: Run, flag: str) -> None:
    assert limactl("list", flag, "", "one").out == limactl("list", "one").out
