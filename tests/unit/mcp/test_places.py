import pytest

from limavm.errors import UserError
from limavm.mcp.places import Mount, Place, place

MOUNTS = (
    Mount(location="/home/me", mount_point="/home/me"),
    Mount(location="/home/me/src/", mount_point="/mnt/src"),
    Mount(location="/data"),
)


@pytest.mark.parametrize(
    ("path", "guest"),
    [
        ("/home/me/a", "/home/me/a"),
        ("/home/me/src", "/mnt/src"),
        ("/home/me/src/a/../b", "/mnt/src/b"),
        ("/home/me/src/../x", "/home/me/x"),
        ("/home/me/srcx", "/home/me/srcx"),
        ("/data/a", "/data/a"),
        ("/etc/os-release", "/etc/os-release"),
        ("//etc//x/", "/etc/x"),
        ("/../..", "/"),
    ],
)
def test_a_path_of_the_host_is_found_in_the_guest(path: str, guest: str) -> None:
    assert place(path, MOUNTS).guest == guest


@pytest.mark.parametrize("path", ["", "a", "./a", "/a\0", "/\ud800", "/" + "x" * 4096])
def test_what_is_no_absolute_path_is_refused(path: str) -> None:
    with pytest.raises(UserError):
        place(path, MOUNTS)


def test_names_of_the_guest_become_those_of_the_host() -> None:
    found = place("/home/me/src", MOUNTS)

    assert found == Place("/home/me/src", "/mnt/src")
    assert found.to_host("/mnt/src/a/b") == "/home/me/src/a/b"
    assert found.to_host("/mnt/src") == "/home/me/src"
    assert found.to_host("/mnt/srcx") == "/mnt/srcx"
