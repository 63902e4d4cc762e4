import pytest

from limavm.hostagent.inotify.guestpaths import View, guest_paths, is_below, tops

HOME = View("/home/u", "/home/u")
JOB = View("/home/u/job", "/job")
ROOT = View("/", "/host")


@pytest.mark.parametrize(
    ("views", "path", "expected"),
    [
        ([HOME], "/home/u/a/b", ["/home/u/a/b"]),
        ([HOME], "/home/u", ["/home/u"]),
        ([HOME], "/home/user2/a", []),
        ([HOME], "/home", []),
        ([View("/data", "/mnt/x")], "/data/a", ["/mnt/x/a"]),
        ([View("/data", "/mnt/x/")], "/data", ["/mnt/x"]),
        ([ROOT], "/etc/hosts", ["/host/etc/hosts"]),
        ([ROOT], "/", ["/host"]),
        ([], "/a", []),
    ],
)
def test_a_path_is_that_within_the_mount_point(views: list[View], path: str, expected: list[str]) -> None:
    assert guest_paths(views, path) == expected


def test_a_file_in_two_mounts_is_told_in_both() -> None:
    assert guest_paths([HOME, JOB], "/home/u/job/f") == ["/home/u/job/f", "/job/f"]


def test_one_place_is_told_once() -> None:
    nested = View("/home/u/job", "/home/u/job")

    assert guest_paths([HOME, nested], "/home/u/job/f") == ["/home/u/job/f"]


def test_what_another_mount_hides_is_not_told() -> None:
    over = View("/data", "/home/u/job")

    assert guest_paths([HOME, over], "/home/u/job/f") == []
    assert guest_paths([HOME, over], "/data/f") == ["/home/u/job/f"]


def test_a_longer_name_is_not_below_a_shorter_one() -> None:
    assert is_below("/a/b/c", "/a/b")
    assert is_below("/a", "/")
    assert not is_below("/a/bc", "/a/b")


def test_a_directory_within_another_is_watched_with_it() -> None:
    assert tops(["/a/b", "/a", "/ab", "/a"]) == ["/a", "/ab"]
    assert tops(["/", "/x"]) == ["/"]
