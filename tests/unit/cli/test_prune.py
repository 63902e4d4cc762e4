import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.cli.referred import by_templates
from tests.fakes.report import KeptReport
from tests.unit.cli.harness import YAML, Run, make_instance

URL = "https://a.test/x.img"


@pytest.fixture
def downloads(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The downloads; and templates that reach nothing."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "one.yaml").write_text("base: ./images.yaml\n")
    (tmp_path / "templates" / "images.yaml").write_text(f"images: [{{location: '{URL}'}}]\n")
    monkeypatch.setenv("LIMA_TEMPLATES_PATH", str(tmp_path / "templates"))
    directory = tmp_path / "cache" / "lima" / "download" / "by-url-sha256"
    directory.mkdir(parents=True)
    return directory


def downloaded(directory: Path, url: str) -> Path:
    entry = directory / hashlib.sha256(url.encode()).hexdigest()
    entry.mkdir()
    (entry / "url").write_text(url)
    (entry / "data").write_bytes(os.urandom(9000))
    return entry


def test_the_cache_is_emptied(limactl: Run, downloads: Path) -> None:
    downloaded(downloads, URL)

    done = limactl("prune")

    assert done.code == 0
    assert done.out == ""
    assert done.message.startswith("Removed 1 download: freed ")
    assert not downloads.parents[1].exists()


def test_what_templates_and_instances_name_is_kept(limactl: Run, downloads: Path, home: Path) -> None:
    mine = "https://a.test/mine.img"
    make_instance(home, "dev", YAML.replace("/nowhere/image.qcow2", mine))
    of_template, of_instance = downloaded(downloads, URL), downloaded(downloads, mine)
    gone = downloaded(downloads, "https://a.test/old.img")

    done = limactl("prune", "--keep-referred")

    assert done.code == 0
    assert of_template.exists()
    assert of_instance.exists()
    assert not gone.exists()


def test_a_directory_without_lima_yaml_forbids_to_guess(limactl: Run, downloads: Path, home: Path) -> None:
    entry = downloaded(downloads, "https://a.test/old.img")
    (home / "half").mkdir()

    done = limactl("prune", "--keep-referred")

    assert done.code == 1
    assert "'half'" in done.message
    assert entry.exists()


@pytest.mark.parametrize("text", ["images: {\n", "base: http://127.0.0.1:1/gone.yaml\n"])
def test_what_a_template_that_cannot_be_read_may_name_is_kept(
    limactl: Run, downloads: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "templates" / "bad.yaml").write_text(text)
    entry = downloaded(downloads, "https://a.test/old.img")
    (entry / "data.part").touch()
    report = KeptReport()

    assert URL in by_templates(report).locations
    done = limactl("prune", "--keep-referred")

    assert len(report.lines) == 1
    assert "'bad' refers to is not known, so that all downloads and builds are kept" in report.lines[0]
    assert "Nothing was removed from the cache" in done.message
    assert sorted(path.name for path in entry.iterdir()) == ["data", "url"]


def test_it_takes_no_name(limactl: Run, home: Path) -> None:
    assert limactl("prune", "dev").code == 1


def test_two_at_once_remove_everything_and_fail_neither(downloads: Path) -> None:
    for number in range(50):
        downloaded(downloads, f"https://a.test/{number}")

    both = [
        subprocess.Popen([sys.executable, "-P", "-m", "limavm", "prune"], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [child.communicate(timeout=60)[1] for child in both]

    assert [child.returncode for child in both] == [0, 0], said
    assert list(downloads.glob("*")) == []
