"""The scripts of the guest, run by a shell."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.hostagent.mounts.guestscripts import (
    LOADER,
    holders_script,
    loaded,
    mount_script,
    share_script,
    sshfs_options,
    unmount_script,
)

if sys.platform == "win32":
    pytest.skip("a unix shell", allow_module_level=True)

ODD = "a b,c%s%%d 'q' \"z\" $HOME \\n \\\\ \N{LATIN SMALL LETTER E WITH ACUTE}\n`id` ! #"
SCRIPTS = {
    "mount": mount_script("/l", "/m", "slave", mark="M", token="t", setup="s"),
    "unmount": unmount_script("/m", "reverse-sshfs", lazily=True),
    "holders": holders_script("/m"),
    "share": share_script("9p", "lima-1", "/m", "ro", token="t", anew=True),
}


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "zsh", "fish", "tcsh"])
def test_a_script_arrives_as_it_is_in_every_login_shell_and_leaves_the_rest_of_its_input(shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip("not installed")
    script = f"text='{ODD.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'\nprintf %s \"$text\"\ncat"

    done = subprocess.run([shell, "-c", LOADER], input=loaded(script) + b"\0rest\n", capture_output=True, check=True)

    assert done.stdout == ODD.encode() + b"\0rest\n"


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shellcheck_finds_nothing(name: str, tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text("#!/bin/sh\n" + SCRIPTS[name])

    # What is assigned and not used is used in others; the shell of sudo expands what is quoted for it.
    done = subprocess.run(
        ["shellcheck", "-e", "SC2034,SC2016,SC2086,SC2050,SC2154,SC2157,SC2194,SC2166", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == ""


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({"writable": True, "cache": True, "follow_symlinks": False}, "slave,allow_other"),
        ({"writable": False, "cache": False, "follow_symlinks": True}, "slave,ro,allow_other,cache=no,follow_symlinks"),
    ],
)
def test_options_of_sshfs(given: dict[str, bool], options: str) -> None:
    assert sshfs_options(**given) == options


def test_a_mount_point_is_found_behind_links_and_as_the_kernel_writes_it(tmp_path: Path) -> None:
    (tmp_path / "real dir").mkdir()
    (tmp_path / "link").symlink_to("real dir")
    for point, place in (
        ("link/a\tb\\c d", r"real\040dir/a\011b\134c\040d"),
        ("link", r"real\040dir"),
        ("missing/x y", r"missing/x\040y"),
    ):
        script = unmount_script(f"{tmp_path}/{point}", "9p").rpartition("\nlocate\n")[0]
        script += '\nlocate\nprintf %s "$escaped"'
        done = subprocess.run(["/bin/sh"], input=script.encode(), capture_output=True, check=True)
        assert done.stdout.decode() == f"{tmp_path}/{place}"
