"""What is installed has all templates."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.unit.templates.catalogue import listed, text

ROOT = Path(__file__).parents[3]


def test_the_wheel_holds_every_template(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    argv = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        below = "limavm/templates/"
        held = {
            name.removeprefix(below).removesuffix(".yaml"): archive.read(name).decode()
            for name in archive.namelist()
            if name.startswith(below) and not name.endswith("/")
        }
    assert held == {name: text(name) for name in listed()}
