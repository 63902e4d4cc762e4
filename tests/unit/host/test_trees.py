"""Directories removed with all they hold."""

import os
import sys
import threading
from pathlib import Path

import pytest

from limavm.host.trees import remove_tree


def test_a_tree_is_removed_with_links_and_protected_files(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    tree = tmp_path / "tree"
    (tree / "deep" / "er").mkdir(parents=True)
    (tree / "deep" / "file").touch(mode=0o400)
    (tree / "link").symlink_to(outside)
    (tree / "dangling").symlink_to("nowhere")

    remove_tree(str(tree))
    remove_tree(str(tree))

    assert os.listdir(tmp_path) == ["outside"]
    assert os.listdir(outside) == ["kept"]


@pytest.mark.skipif(sys.platform == "win32", reason="there nobody else is in the directory")
def test_a_link_in_the_place_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "kept").touch()
    (tmp_path / "tree").symlink_to("home")

    with pytest.raises(OSError, match="tree"):
        remove_tree(str(tmp_path / "tree"))

    assert os.listdir(tmp_path / "home") == ["kept"]


@pytest.mark.skipif(sys.platform == "win32", reason="there nobody else is in the directory")
def test_what_is_exchanged_by_a_link_meanwhile_leads_nowhere(tmp_path: Path) -> None:
    """As a guest may do it in a mount, with names that it knows to be outside."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    over = threading.Event()

    def exchange() -> None:
        while not over.is_set():
            try:
                os.rename(tmp_path / "tree" / "d", tmp_path / "d")
                os.symlink(outside, tmp_path / "tree" / "d")
                os.unlink(tmp_path / "tree" / "d")
                os.rename(tmp_path / "d", tmp_path / "tree" / "d")
            except OSError:
                continue

    attacker = threading.Thread(target=exchange)
    attacker.start()
    try:
        for _ in range(100):
            (tmp_path / "tree" / "d").mkdir(parents=True, exist_ok=True)
            (tmp_path / "tree" / "d" / "kept").touch()
            try:
                remove_tree(str(tmp_path / "tree"))
            except OSError:
                continue
    except OSError:  # the attacker was quicker than the preparations
        pass
    finally:
        over.set()
        attacker.join()
    assert os.listdir(outside) == ["kept"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may remove everything")
def test_what_cannot_be_removed_is_named_and_the_rest_is_gone(tmp_path: Path) -> None:
    (tmp_path / "tree" / "fixed").mkdir(parents=True)
    (tmp_path / "tree" / "fixed" / "file").touch()
    (tmp_path / "tree" / "other").touch()
    (tmp_path / "tree" / "fixed").chmod(0o500)

    with pytest.raises(PermissionError, match="fixed/file"):
        remove_tree(str(tmp_path / "tree"))

    assert os.listdir(tmp_path / "tree") == ["fixed"]


@pytest.mark.skipif(sys.platform == "win32", reason="paths are short there")
def test_a_tree_that_is_deeper_than_calls_may_be_is_removed(tmp_path: Path) -> None:
    """As a guest may leave it in a mount."""
    (tmp_path / "tree").mkdir()
    here = os.open(tmp_path / "tree", os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("a", dir_fd=here)
        os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=here))
        below = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)

    remove_tree(str(tmp_path / "tree"))

    assert os.listdir(tmp_path) == []
