import json
import os
from pathlib import Path

import pytest

from limavm.cli.info import selected
from limavm.yq import ExpressionError
from tests.unit.cli.harness import Run


@pytest.mark.parametrize(
    ("expression", "out"),
    [
        (".", ['{\n    "a": [\n        1,\n        "x"\n    ],\n    "b": null\n}']),
        ("", ['{\n    "a": [\n        1,\n        "x"\n    ],\n    "b": null\n}']),
        (".a", ['[\n    1,\n    "x"\n]']),
        (".a[]", ["1", "x"]),
        (".b", ["null"]),
        (".a | length", ["2"]),
        ("empty", []),
    ],
)
def test_single_values_are_shown_as_they_are_and_others_as_json(expression: str, out: list[str]) -> None:
    assert selected({"a": [1, "x"], "b": None}, expression) == out


def test_the_environment_cannot_be_read_by_an_expression(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")

    with pytest.raises(ExpressionError):
        selected({}, "env(SECRET)")


def test_a_part_can_be_asked_for(limactl: Run, home: Path) -> None:
    assert limactl("info", "--yq", ".limaHome").out == f"{home}\n"
    assert limactl("info", "--yq=.vmTypesEx.qemu").out == '{\n    "location": "internal"\n}\n'


def test_an_expression_that_fails_is_an_error(limactl: Run, home: Path) -> None:
    done = limactl("info", "--yq", ".[")

    assert (done.code, done.out) == (1, "")


def test_the_default_template_names_its_bases_and_has_no_driver(limactl: Run, home: Path) -> None:
    (home / "_templates").mkdir()
    (home / "_templates" / "default.yaml").write_text("base: [template:one, {url: two.yaml}]\ncpus: 3\n")
    (home / "_config").mkdir()
    (home / "_config" / "override.yaml").write_text("memory: 3GiB\n")

    value = json.loads(limactl("info").out)["defaultTemplate"]

    assert value["base"] == [{"url": "template:one"}, {"url": "two.yaml"}]
    assert (value["cpus"], value["memory"], value["rosetta"]) == (3, "3GiB", {})
    assert {"images", "vmType", "mountType"} & set(value) == set()


def test_templates_are_listed_with_their_files(limactl: Run, home: Path) -> None:
    (home / "_templates" / "_x").mkdir(parents=True)
    (home / "_templates" / "_x" / "mine.yaml").write_text("")

    listed = json.loads(limactl("info").out)["templates"]

    assert {"name": "_x/mine", "location": f"{home}/_templates/_x/mine.yaml"} in listed
    assert listed == sorted(listed, key=lambda item: str(item["name"]))


def test_plugins_are_listed(limactl: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("b", "#!/bin/sh\n"), ("a", "#!/bin/sh\n# <limactl-desc>Does it</limactl-desc>\n")):
        (tmp_path / f"limactl-{name}").write_text(text)
        (tmp_path / f"limactl-{name}").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert json.loads(limactl("info", "--yq", ".plugins").out) == [
        {"name": "a", "path": f"{tmp_path}/limactl-a", "description": "Does it"},
        {"name": "b", "path": f"{tmp_path}/limactl-b"},
    ]


def test_what_lies_beside_the_program_is_told(
    limactl: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share, libexec = tmp_path / "share" / "lima", tmp_path / "libexec" / "lima"
    for directory, names in (
        (share, ("lima-guestagent.Linux-x86_64", "lima-guestagent.Linux-x86_64.gz", "lima-guestagent.FreeBSD-aarch64")),
        (share / "templates", ("shared.yaml",)),
        (libexec, ("limactl-tool",)),
    ):
        directory.mkdir(parents=True)
        for name in names:
            (directory / name).touch(0o755)
    monkeypatch.setattr("sys.argv", [str(tmp_path / "bin" / "limactl")])
    monkeypatch.setenv("PATH", os.fspath(tmp_path / "nowhere"))

    value = json.loads(limactl("info").out)

    assert (value["sharePaths"], value["libexecPaths"]) == ([str(share)], [str(libexec)])
    assert value["guestAgents"] == {
        "x86_64": {"location": f"{share}/lima-guestagent.Linux-x86_64.gz"},
        "FreeBSD-aarch64": {"location": f"{share}/lima-guestagent.FreeBSD-aarch64"},
    }
    assert value["plugins"] == [{"name": "tool", "path": f"{libexec}/limactl-tool"}]
    assert {"name": "shared", "location": f"{share}/templates/shared.yaml"} in value["templates"]
