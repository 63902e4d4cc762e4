import os
from pathlib import Path

import pytest

from limavm.config.templatestore import find_template, template_names
from limavm.errors import NotFoundError, UserError


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("cpus: 1\n")


def test_the_built_in_templates_are_listed(lima_home: Path) -> None:
    assert template_names() == ["debian", "debian-12", "debian-13", "default"]


def test_templates_of_the_user_win(lima_home: Path) -> None:
    put(lima_home / "_templates", "debian.yaml", "my/own.yaml", ".hidden.yaml", "note.txt", ".git/x.yaml")

    assert find_template("debian") == str(lima_home / "_templates" / "debian.yaml")
    assert find_template("my/own") == str(lima_home / "_templates" / "my" / "own.yaml")
    assert template_names() == ["debian", "debian-12", "debian-13", "default", "my/own"]


def test_a_path_of_the_environment_replaces_all_others(
    lima_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "a", "x.yaml")
    put(tmp_path / "b", "x.yaml", "y.yaml")
    monkeypatch.setenv("LIMA_TEMPLATES_PATH", os.pathsep.join([str(tmp_path / "a"), "", str(tmp_path / "b")]))

    assert template_names() == ["x", "y"]
    assert find_template("x") == str(tmp_path / "a" / "x.yaml")
    with pytest.raises(NotFoundError):
        find_template("debian")


@pytest.mark.parametrize(
    ("name", "file"),
    [("ubuntu-24.04", "ubuntu-24.04.yaml"), ("a", "a.yaml"), ("b.", "b..yaml"), ("docker.sh", "docker.sh")],
)
def test_an_extension_is_added_to_names(lima_home: Path, name: str, file: str) -> None:
    put(lima_home / "_templates", file)

    assert find_template(name) == str(lima_home / "_templates" / file)


@pytest.mark.parametrize("name", ["", "..", "../x", "a/../b", "/etc/passwd", "a\0b"])
def test_a_name_that_leaves_the_store_is_refused(lima_home: Path, name: str) -> None:
    with pytest.raises(UserError):
        find_template(name)
