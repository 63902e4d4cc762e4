"""The guest scripts as programs: linted, and the small ones run."""

import shutil
import subprocess
from pathlib import Path

import pytest

from limavm.seed.scripts import guest_file, load_scripts

GUEST = Path(__file__).parents[3] / "src" / "limavm" / "seed" / "guest"
OF_USER_DATA = ("boot-step.sh", "early-boot.sh", "identity.sh", "nic-repair.sh", "per-boot.sh")
SCRIPTS = sorted(str(path.relative_to(GUEST)) for path in GUEST.rglob("*.sh"))


def run(name: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    argv = ["sh", str(GUEST / name), *arguments]
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)


def test_every_script_is_loaded_under_its_path_in_the_seed() -> None:
    found = load_scripts()

    assert set(found) == set(SCRIPTS) - set(OF_USER_DATA)
    assert list(found) == sorted(found)
    assert all(content.startswith(b"#!/bin/sh\n") for content in found.values())


def test_the_scripts_of_user_data_hold_no_tabs_which_would_spoil_its_layout() -> None:
    for name in OF_USER_DATA:
        assert b"\t" not in guest_file(name)


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="needs shellcheck")
def test_shellcheck_has_nothing_to_say() -> None:
    argv = ["shellcheck", "--shell=sh", *(str(GUEST / name) for name in SCRIPTS)]

    done = subprocess.run(argv, capture_output=True, text=True, check=False)

    assert done.stdout == ""


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_every_shell_of_a_guest_can_read_the_scripts(shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"needs {shell}")
    program = ["busybox", "sh"] if shell == "busybox" else [shell]

    for name in SCRIPTS:
        subprocess.run([*program, "-n", str(GUEST / name)], check=True)


@pytest.mark.parametrize(
    ("version", "other", "true_operators"),
    [
        ("5.10", "5.9", "-ne -ge -gt"),
        ("5.9", "5.10", "-ne -le -lt"),
        ("6.1.0", "6.1.0", "-eq -ge -le"),
        ("5.13", "5.13.1", "-ne -le -lt"),
    ],
)
def test_versions_are_compared_as_versions(version: str, other: str, true_operators: str) -> None:
    operators = ("-eq", "-ne", "-ge", "-gt", "-le", "-lt")

    true = [op for op in operators if run("util/compare_version.sh", version, op, other).returncode == 0]

    assert true == [op for op in operators if op in true_operators.split()]


@pytest.mark.parametrize("arguments", [(), ("1",), ("1", "==", "1"), ("1", "-eq", "1", "2")])
def test_a_wrong_comparison_is_neither_true_nor_false(arguments: tuple[str, ...]) -> None:
    assert run("util/compare_version.sh", *arguments).returncode == 2


LINE = "lima-1\t/Users/my name/a\\b\tvirtiofs\trw,nofail,comment=cloudconfig\t0\t0\n"
ESCAPED = "lima-1\t/Users/my\\040name/a\\134b\tvirtiofs\trw,nofail,comment=cloudconfig\t0\t0\n"
OTHERS = "# a comment with blanks\nUUID=1\t/a b\text4\tdefaults\t0\t1\nx\t/a b\tvirtiofs\trw\t0\t0\n"


def test_mount_points_of_virtiofs_are_escaped_once() -> None:
    assert run("util/escape_fstab.sh", stdin=OTHERS + LINE).stdout == OTHERS + ESCAPED
    assert run("util/escape_fstab.sh", stdin=OTHERS + ESCAPED).stdout == OTHERS + ESCAPED


def test_escapes_are_undone() -> None:
    assert run("util/unescape_fstab.sh", stdin="a\\040b\\011c\\134d\\043e\\012f \\055\n").stdout == (
        "a b\tc\\d#e\nf \\055\n"
    )
