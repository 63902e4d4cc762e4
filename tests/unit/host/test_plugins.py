import os
import sys
from pathlib import Path

import msgspec
import pytest

from limavm.host.plugins import Plugin, discover, find


def program(directory: Path, name: str, text: str = "#!/bin/sh\n", *, mode: int = 0o755) -> str:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two directories in PATH, and nothing else."""
    first, second = tmp_path / "first", tmp_path / "second"
    monkeypatch.setenv("PATH", os.pathsep.join(("", "relative", str(first), "/nowhere", str(second))))
    return first, second


def test_a_plugin_is_an_executable_file(path: tuple[Path, Path]) -> None:
    first, second = path
    program(first, "limactl-a", mode=0o644)
    (first / "limactl-b").mkdir()
    (first / "limactl-c").symlink_to(first / "missing")
    expected = program(second, "limactl-a")
    (second / "limactl-link").symlink_to(expected)

    assert find("a") == expected
    assert [find(name) for name in ("b", "c", "d", "", "../a", "a\0")] == [None] * 6
    assert [plugin.name for plugin in discover()] == ["a", "link"]


def test_the_first_one_of_a_name_wins(path: tuple[Path, Path]) -> None:
    first, second = path
    expected = program(first, "limactl-x")
    program(second, "limactl-x")

    assert find("x") == expected
    assert discover() == [Plugin(name="x", path=expected)]


def test_a_relative_directory_in_path_does_not_count(path: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path[0].parent)
    program(path[0].parent / "relative", "limactl-x")
    program(path[0].parent, "limactl-y")

    assert discover() == []
    assert find("x") is None


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("#!/bin/sh\n# <limactl-desc> Does things </limactl-desc>\n# <limactl-desc>b</limactl-desc>\n", "Does things"),
        ("#!/bin/sh\n# <limactl-desc>over\n# lines</limactl-desc>\n", ""),
        ("#!/bin/sh\n", ""),
        ("<limactl-desc>no script</limactl-desc>", ""),
        ("#!/bin/sh\n" + "x" * 100_000 + "<limactl-desc>too far</limactl-desc>", ""),
    ],
)
def test_a_script_describes_itself(path: tuple[Path, Path], text: str, description: str) -> None:
    program(path[0], "limactl-x", text)

    assert discover()[0].description == description


def test_a_plugin_as_json_has_a_description_only_when_there_is_one() -> None:
    assert msgspec.json.encode(Plugin(name="a", path="/b")) == b'{"name":"a","path":"/b"}'


def test_plugins_are_sorted_by_name(path: tuple[Path, Path]) -> None:
    for directory, name in ((path[0], "z"), (path[0], "b"), (path[1], "a")):
        program(directory, f"limactl-{name}")

    assert [plugin.name for plugin in discover()] == ["a", "b", "z"]


def test_our_own_program_is_no_plugin_and_somebody_elses_is(
    path: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [program(tmp_path / "bin", "limactl")])
    ours = program(tmp_path / "bin", "limactl-mcp")
    assert discover() == []
    assert find("mcp") == ours

    theirs = program(path[0], "limactl-mcp")
    assert discover() == [Plugin(name="mcp", path=theirs)]
