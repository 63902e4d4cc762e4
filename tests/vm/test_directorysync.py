"""`limactl shell --sync` with a real guest: what comes back, and what stays as it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vm.limactl import Limactl

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory of the host, with a name that shells and rsync would rather not have."""
    path = tmp_path / "it's [1] *"
    path.mkdir()
    (path / "file").write_text("host\n")
    (path / "gone").touch()
    (path / "-new\nline").write_text("kept\n")
    return path


def sync(limactl: Limactl, machine: str, project: Path, script: str) -> "subprocess.CompletedProcess[str]":
    return limactl.run("shell", "--sync=.", machine, "--", "sh", "-c", script, cwd=project)


def test_a_directory_goes_into_the_guest_and_comes_back(limactl: Limactl, machine: str, project: Path) -> None:
    outside = project.parent / "outside"
    outside.mkdir()
    script = f"""
        echo guest >>file; rm gone; mkdir -p new/deep; touch new/deep/-x; chmod 700 ./-new*
        truncate -s 64M sparse; ln -s '{outside}' out; mkfifo pipe; pwd
    """

    done = sync(limactl, machine, project, script)

    assert done.returncode == 0, done.stderr
    assert "5 added, 1 deleted, 1 modified, 1 metadata" in done.stderr
    assert (project / "file").read_text() == "host\nguest\n"
    assert sorted(os.listdir(project)) == ["-new\nline", "file", "new", "out", "sparse"]
    assert (project / "-new\nline").stat().st_mode & 0o777 == 0o700
    assert (project / "sparse").stat().st_blocks * 512 < 1 << 20
    assert os.readlink(project / "out") == str(outside)
    assert "pipe" in done.stderr
    assert limactl.run("shell", machine, "test", "-e", done.stdout.strip()).returncode == 1


def test_a_failure_brings_nothing_back_and_a_copy_that_is_replaced_is_kept(
    limactl: Limactl, machine: str, project: Path
) -> None:
    failed = sync(limactl, machine, project, "rm -rf ~/.lima-sync; echo precious >file; exit 3")
    again = sync(limactl, machine, project, "cat file; cat ~/.lima-sync/*/file")

    assert failed.returncode == 3
    assert f"limactl copy -r {machine}:" in failed.stderr
    assert again.returncode == 0, again.stderr
    assert again.stdout == "host\nprecious\n"
    assert (project / "file").read_text() == "host\n"


def test_what_was_changed_on_the_host_meanwhile_stays(limactl: Limactl, machine: str, project: Path) -> None:
    argv = limactl.argv("shell", "--sync=.", machine, "--", "sh", "-c", "echo go; read x; echo guest >file; rm gone")
    with subprocess.Popen(
        argv, cwd=project, env=limactl.environment(), stdin=-1, stdout=-1, stderr=-1, text=True
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == "go\n"
        (project / "file").write_text("edited\n")
        (project / "fresh").write_text("fresh\n")
        _, err = child.communicate("\n", timeout=120)

    assert child.returncode == 1
    assert "changed on both sides" in err
    assert (project / "file").read_text() == "edited\n"
    assert (project / "fresh").read_text() == "fresh\n"
    assert not (project / "gone").exists()


def test_a_link_that_becomes_a_directory_is_not_followed(limactl: Limactl, machine: str, project: Path) -> None:
    outside = project.parent / "outside"
    outside.mkdir()
    (project / "way").symlink_to(outside)

    done = sync(limactl, machine, project, "rm way; mkdir way; echo x >way/planted")

    assert done.returncode == 0, done.stderr
    assert (project / "way" / "planted").read_text() == "x\n"
    assert os.listdir(outside) == []
