"""spec/cli.md 8.3 and 8.4: the command lines of `limactl copy`; a shell and rsync judge the quoting."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.errors import UserError
from limavm.ssh.copy import (
    Peer,
    Place,
    as_scp_would,
    for_several,
    for_shell,
    place_of,
    rsync_argv,
    rsync_path,
    scp_argv,
    scp_path,
)

PEER = Peer(user="me", address="127.0.0.1", port=60022)
RSYNC = shutil.which("rsync")


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("notes.txt", Place(path="notes.txt")),
        ("dev:/etc/hosts", Place(instance="dev", path="/etc/hosts")),
        ("dev:", Place(instance="dev", path="")),
        ("dev:a:b", Place(instance="dev", path="a:b")),
        ("./a:b", Place(path="./a:b")),
        ("/tmp/a:b", Place(path="/tmp/a:b")),
        ("dev:~/x", Place(instance="dev", path="~/x")),
        ("-dash", Place(path="-dash")),
    ],
)
def test_the_words_before_a_colon_are_an_instance(word: str, place: Place) -> None:
    assert place_of(word) == place


def test_a_colon_needs_an_instance_before_it() -> None:
    with pytest.raises(ValueError, match="no instance"):
        place_of(":/etc/hosts")


def test_a_letter_before_a_colon_is_a_drive_on_windows_only() -> None:
    assert place_of("C:\\x", windows=True) == Place(path="C:\\x")
    assert place_of("C:/x", windows=True) == Place(path="C:/x")
    assert place_of("c:/x") == Place(instance="c", path="/x")


def adjusted(words: str, files: Sequence[bool] = ()) -> str:
    places = as_scp_would([place_of(word) for word in words.split()], files)
    return " ".join(f"{place.instance}:{place.path}" if place.is_remote else place.path for place in places)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("dir dev:/tmp/", "dir dev:/tmp/"),
        ("dir/ dev:/tmp/", "dir dev:/tmp/"),
        ("dir dev:/tmp/new", "dir/ dev:/tmp/new/"),
        ("dir/ dev:/tmp/new", "dir dev:/tmp/new/"),
        ("dev:dir .", "dev:dir/ ./"),
        ("dev:dir/ .", "dev:dir/ ./"),
        ("dev:dir ./there/", "dev:dir/ ./there"),
        ("a b dev:/tmp/", "a b dev:/tmp/"),
        ("dev:dir/ there/", "dev:dir/ there/"),
        ("dev:a/ dev:b/ there/", "dev:a/ dev:b/ there/"),
        ("a/ dev:b/ c/", "a dev:b/ c/"),
    ],
)
def test_a_recursive_rsync_gets_its_slashes_as_in_lima(given: str, wanted: str) -> None:
    assert adjusted(given) == wanted


def test_an_empty_path_stays_the_home_and_does_not_become_the_root() -> None:
    assert adjusted("dir dev:") == "dir dev:./"
    assert adjusted("dir/ dev:") == "dir dev:./"


def test_a_root_keeps_its_slash() -> None:
    assert adjusted("dev:/ /") == "dev:/ /"
    assert adjusted("/ dev:x") == "/ dev:x/"


def test_a_file_of_the_host_gets_no_slash() -> None:
    assert adjusted("file dir dev:/tmp/new", [True, False, False]) == "file dir/ dev:/tmp/new/"


def test_files_of_the_host_alone_are_copied_as_without_recursion() -> None:
    assert adjusted("file dev:/tmp/new", [True, False]) == "file dev:/tmp/new"


def test_rsync_is_quiet_or_shows_what_it_does() -> None:
    ssh = ["ssh", "-o", 'IdentityFile="/a b"']
    assert rsync_argv(ssh=ssh, paths=["a", "h:b"], verbose=False, recursive=False) == (
        ["rsync", "-a", "-q", "-e", "ssh -o 'IdentityFile=\"/a b\"'", "--", "a", "h:b"]
    )
    assert rsync_argv(ssh=[], paths=["a", "b"], verbose=True, recursive=True, extra=["--delete"]) == (
        ["rsync", "-a", "-v", "--progress", "-r", "--delete", "--", "a", "b"]
    )
    assert rsync_argv(ssh=[], paths=["a", "b"], verbose=False, recursive=False, progress=True)[2] == "--info=progress2"


@pytest.mark.skipif(RSYNC is None, reason="rsync is not installed")
@pytest.mark.parametrize("word", ["plain", "with blank", "it's", '"', "''", "'a", "a'", "\"q\" 's'", "back\\slash", ""])
def test_rsync_reads_the_ssh_line_back_as_it_was(word: str, tmp_path: Path) -> None:
    seen, program = tmp_path / "seen", tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {seen}\nexit 1\n')
    program.chmod(0o755)
    argv = rsync_argv(ssh=[str(program), word], paths=["me@host:x", str(tmp_path)], verbose=False, recursive=False)

    subprocess.run(argv, check=False, capture_output=True)

    assert seen.read_text() == word


def test_a_guest_path_that_looks_like_a_flag_is_none_for_rsync() -> None:
    assert rsync_path(PEER, "-x", (3, 2, 7)) == "me@127.0.0.1:./-x"
    # Else it would ask for a daemon.
    assert rsync_path(PEER, ":x", (3, 2, 7)) == "me@127.0.0.1:./:x"


def test_an_old_rsync_gets_its_paths_quoted_for_the_shell_of_the_guest() -> None:
    assert rsync_path(PEER, "/a b", (3, 2, 7)) == "me@127.0.0.1:/a b"
    assert rsync_path(PEER, "/a b", (3, 2, 3)) == "me@127.0.0.1:/a\\ b"


def test_scp_goes_through_the_host_and_reads_no_flags_after_its_own() -> None:
    assert scp_argv(options=["User=me"], paths=["a", "b"], verbose=False, recursive=True, extra=["-p"]) == (
        ["scp", "-F", "/dev/null", "-o", "User=me", "-q", "-r", "-p", "-3", "--", "a", "b"]
    )
    assert "-v" in scp_argv(options=[], paths=["a", "b"], verbose=True, recursive=False)
    shown = scp_argv(options=[], paths=["a", "b"], verbose=False, recursive=False, progress=True)
    assert "-q" not in shown
    assert "-v" not in shown


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/etc/hosts", "scp://me@127.0.0.1:60022//etc/hosts"),
        ("notes", "scp://me@127.0.0.1:60022/notes"),
        ("", "scp://me@127.0.0.1:60022/"),
        ("~/a b", "scp://me@127.0.0.1:60022/~/a b"),
        ("100%", "scp://me@127.0.0.1:60022/100%25"),
        ("c++", "scp://me@127.0.0.1:60022/c%2B%2B"),
    ],
)
def test_a_guest_path_is_a_uri_whose_escapes_scp_takes_back(path: str, uri: str) -> None:
    assert scp_path(PEER, path, (9, 2, 1)) == uri


def test_scp_without_sftp_reads_the_path_through_a_shell() -> None:
    assert scp_path(PEER, "/a b/*", (8, 9, 1)) == "scp://me@127.0.0.1:60022//a\\ b/*"


def test_scp_without_uris_has_the_port_elsewhere() -> None:
    assert scp_path(PEER, "/x", (7, 9, 1)) == "me@127.0.0.1:/x"


@pytest.mark.parametrize(
    ("path", "quoted"),
    [("/plain-1.txt", "/plain-1.txt"), ("a\\ b", "a\\ b"), ("$(x);'", "\\$\\(x\\)\\;\\'"), ("ä", "ä")],
)
def test_what_is_quoted_by_hand_is_not_quoted_again(path: str, quoted: str) -> None:
    assert for_shell(path) == quoted


@given(st.text(st.characters(exclude_characters="\0\\*?[]~", exclude_categories=["Cs"]), min_size=1))
def test_a_shell_reads_a_quoted_path_as_it_was(path: str) -> None:
    line = f"printf '%s' {for_shell(path)}"

    assert subprocess.run(["sh", "-c", line], capture_output=True, check=True).stdout.decode() == path


def test_several_instances_share_the_options_before_the_user() -> None:
    assert for_several(["IdentityFile=x", "BatchMode=yes", "User=me", "ControlMaster=auto"]) == (
        ["IdentityFile=x", "BatchMode=yes"]
    )
    assert for_several(["BatchMode=yes"]) == ["BatchMode=yes"]


def test_an_option_with_a_line_break_is_refused() -> None:
    with pytest.raises(UserError):
        scp_argv(options=["A=b\nProxyCommand=x"], paths=["a", "b"], verbose=False, recursive=False)
