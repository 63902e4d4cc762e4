import os
import sys
from pathlib import Path

import pytest

from limavm.host.installation import libexec_dirs, limactl_argv, self_dirs, share_dirs


@pytest.fixture
def prefixes(tmp_path: Path) -> tuple[Path, Path]:
    """A prefix with a link to the program, and the one where it really is."""
    linked, real = tmp_path / "linked", tmp_path / "real"
    for prefix in (linked, real):
        (prefix / "bin").mkdir(parents=True)
    (real / "bin" / "limactl").write_text("#!/bin/sh\n")
    (real / "bin" / "limactl").chmod(0o755)
    (linked / "bin" / "limactl").symlink_to(real / "bin" / "limactl")
    return linked, real


def fill(directory: Path) -> str:
    directory.mkdir(parents=True)
    (directory / "file").touch()
    return str(directory)


def test_the_directories_are_those_of_the_link_and_of_the_program(prefixes: tuple[Path, Path]) -> None:
    linked, real = prefixes

    assert self_dirs(str(linked / "bin" / "limactl")) == [str(linked / "bin"), str(real / "bin")]
    assert self_dirs(str(real / "bin" / "limactl")) == [str(real / "bin")]


def test_a_program_without_a_directory_is_looked_up_in_path(
    prefixes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    linked, real = prefixes
    monkeypatch.setenv("PATH", f"/nowhere{os.pathsep}{os.pathsep}{linked / 'bin'}")

    assert self_dirs("limactl") == [str(linked / "bin"), str(real / "bin")]
    assert self_dirs("other") == []
    assert self_dirs("") == []


def test_a_module_that_is_run_belongs_to_its_interpreter() -> None:
    assert self_dirs("/x/limavm/__main__.py")[0] == os.path.dirname(sys.executable)


def test_directories_beside_the_program_count_when_something_is_in_them(prefixes: tuple[Path, Path]) -> None:
    linked, real = prefixes
    program = str(linked / "bin" / "limactl")
    (linked / "share" / "lima").mkdir(parents=True)
    (linked / "libexec").mkdir()
    (linked / "libexec" / "lima").touch()

    assert (share_dirs(program), libexec_dirs(program)) == ([], [])

    (linked / "share" / "lima" / "templates").mkdir()
    ours = [fill(linked / "lib" / "lima"), fill(real / "libexec" / "lima"), fill(real / "lib" / "lima")]

    assert share_dirs(program) == [str(linked / "share" / "lima")]
    assert libexec_dirs(program) == ours


def test_other_programs_start_limactl_where_it_is_installed_or_by_the_interpreter(
    prefixes: tuple[Path, Path], tmp_path: Path
) -> None:
    linked, _ = prefixes

    assert limactl_argv(str(linked / "bin" / "limactl")) == [str(linked / "bin" / "limactl")]
    assert limactl_argv(str(linked / "bin" / "lima")) == [str(linked / "bin" / "limactl")]
    assert limactl_argv(str(tmp_path / "other")) == [sys.executable, "-P", "-m", "limavm"]
