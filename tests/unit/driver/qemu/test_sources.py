"""Directories that can and cannot be shared."""

import os
import sys
import threading
from pathlib import Path

import pytest

from limavm.driver.qemu.sources import answered, check, prepare
from limavm.errors import UserError
from limavm.model.machine import Share

if sys.platform == "win32":
    pytest.skip("the paths are those of Unix", allow_module_level=True)


def share(path: Path) -> Share:
    return Share(tag="lima-0", location=str(path))


def refusal(path: Path, *, create: bool = False) -> str:
    with pytest.raises(UserError) as caught:
        check(share(path), "mounts[0].location", create=create)
    assert caught.value.where == "mounts[0].location"
    return caught.value.message


def test_a_directory_is_shared_also_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)

    check(share(tmp_path), "")
    check(share(tmp_path / "link"), "")


async def test_a_missing_directory_is_made_where_that_is_asked_for(tmp_path: Path) -> None:
    await prepare([share(tmp_path / "a" / "b")], create=True)

    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o755 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_missing_directory_is_an_error_elsewhere(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "absent")


async def test_the_error_names_the_mount(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        await prepare([share(tmp_path), share(tmp_path / "absent")], create=False)

    assert caught.value.where == "mounts[1].location"


async def test_a_directory_that_does_not_answer_holds_up_nothing_else_and_is_named(tmp_path: Path) -> None:
    answers = threading.Event()
    try:
        with pytest.raises(UserError, match=r"does not answer within 0\.01 s") as caught:
            await answered(lambda: void(answers.wait()), share(tmp_path), "mounts[2].location", limit=0.01)
    finally:
        answers.set()

    assert str(tmp_path) in caught.value.message
    assert caught.value.where == "mounts[2].location"


def void(_: object) -> None:
    """For what is only waited for."""


async def test_the_event_loop_goes_on_while_a_directory_is_looked_at(tmp_path: Path) -> None:
    thread = threading.Event()

    def look() -> None:
        assert threading.current_thread() is not threading.main_thread()
        thread.set()

    await answered(look, share(tmp_path), "")

    assert thread.is_set()


@pytest.mark.parametrize("create", [True, False])
def test_a_file_is_no_directory(tmp_path: Path, create: bool) -> None:
    (tmp_path / "file").touch()

    assert "is no directory" in refusal(tmp_path / "file", create=create)


@pytest.mark.parametrize("create", [True, False])
def test_a_dangling_link_is_an_error(tmp_path: Path, create: bool) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "absent")

    assert "is a link to nothing" in refusal(tmp_path / "link", create=create)


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    assert "cannot be used" in refusal(tmp_path / "loop")


def test_a_directory_below_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert "cannot be used" in refusal(tmp_path / "file" / "below", create=True)


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_directory_without_permission_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)

    assert "may not be read" in refusal(tmp_path / "closed")
