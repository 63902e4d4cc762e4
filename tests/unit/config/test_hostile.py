"""Texts that somebody made to harm: `limactl validate` ends soon and stays small, whatever it says of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.config.conftest import IMAGE

if sys.platform == "win32":
    pytest.skip("limits of processes are those of POSIX", allow_module_level=True)

import resource

SECONDS = 20
BYTES = 400 << 20

LEVELS = "".join(f"  a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 10))
MERGES = "".join(f"a{level}: &a{level} {{<<: *a{level - 1}, k{level}: 1}}\n" for level in range(1, 3000))
PARAMS = "".join(f"  p{number}: v\n" for number in range(2000))

#: What it is, and what limactl says.
TEXTS = {
    "aliases": (f"vmOpts:\n  a0: &a0 [x]\n{LEVELS}", "aliases make more of this text"),
    "merge keys": (f"a0: &a0 {{k: 1}}\n{MERGES}", "aliases make more of this text"),
    "depth": ("vmOpts: " + "[" * 500_000, "nest deeper than 100"),
    "size": ("message: " + "x" * (10 << 20), "larger than 4 MiB"),
    "unknown keys": ("".join(f"key{number}: 1\n" for number in range(20_000)), "there are more unknown keys"),
    "params": (f"param:\n{PARAMS}provision:\n- script: '{'{{ ' * 100_000}'\n", "uses this param"),
    "loops": ("provision:\n" + "- script: x{{range 400000}}{{end}}\n" * 500, "take too long"),
    "growth": ("provision:\n" + "- script: '{{range 40000}}xxxxxxxxxxx{{end}}'\n" * 500, "take too long"),
    "digits": ("memory: '" + "1" * 3_000_000 + "x'\n", "is not a size"),
    "a long key": ("? '" + "k" * 1_000_000 + "'\n: 1\n", "unknown key"),
    "duplicates": ("env:\n" + "  A: 1\n" * 30_000, "already defined"),
    "NUL": ("message: a\0b\n", "NUL character"),
    "tabs": ("ssh:\n\tlocalPort: 1\n", "this is not YAML"),
    "itself": ("base: ./hostile.yaml\n", "is based on itself"),
}


def limits() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))


@pytest.mark.parametrize("kind", TEXTS)
def test_a_hostile_text_is_answered_within_bounds(lima_home: Path, tmp_path: Path, kind: str) -> None:
    text, answer = TEXTS[kind]
    file = tmp_path / "hostile.yaml"
    file.write_text(text.rstrip("\n") + "\n" + IMAGE)

    done = subprocess.run(
        [sys.executable, "-P", "-m", "limavm", "validate", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "LIMA_HOME": str(lima_home)},
        preexec_fn=limits,
    )

    assert done.returncode in (0, 1)
    assert answer in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 1 << 20
