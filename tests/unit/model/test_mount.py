"""Directories of the host in the guest."""

import hashlib

import msgspec
import pytest

from limavm.model.mount import MountPhase, MountState, clean_point, mount_tag


def test_a_tag_is_lima_and_the_first_eight_bytes_of_the_digest_of_both_paths() -> None:
    assert mount_tag("/home/ann", "/mnt") == "lima-" + hashlib.sha256(b"/home/ann:/mnt").hexdigest()[:16]


def test_a_name_that_is_no_text_has_a_tag_of_its_own() -> None:
    assert mount_tag("/home/\udcff", "/mnt") != mount_tag("/home/\udcfe", "/mnt")


def test_what_the_host_agent_tells_of_a_mount_comes_back_whole() -> None:
    state = MountState(
        location="/home/ann",
        mount_point="/mnt",
        writable=True,
        type="reverse-sshfs",
        phase=MountPhase.LOST,
        reason="ssh",
        configured=False,
    )

    text = msgspec.json.encode(state)

    assert msgspec.json.decode(text, type=MountState) == state
    assert b'"mountPoint":"/mnt"' in text


@pytest.mark.parametrize("point", ["/mnt/a", "/mnt/a/", "//mnt///a", "/./mnt/./a/."])
def test_two_names_of_one_mount_point_are_equal(point: str) -> None:
    assert clean_point(point) == "/mnt/a"


def test_the_root_stays_the_root() -> None:
    assert clean_point("//") == "/"
