"""Attacks on the confinement: whatever the client calls it, it gets what is in the directory and nothing else."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.sftpclient import (
    CREATE,
    DENIED,
    EXCLUSIVE,
    NO_SUCH_FILE,
    READ,
    TRUNCATE,
    WRITE,
    SftpClient,
    StatusError,
    attributes,
)
from tests.unit.sftp.conftest import NOBODY, Tree

Attempt = Callable[[SftpClient, bytes], object]

#: Everything that takes a path, at work on `path`.
ATTEMPTS: dict[str, Attempt] = {
    "open": lambda client, path: client.open(path),
    "create": lambda client, path: client.open(path, WRITE | CREATE),
    "create anew": lambda client, path: client.open(path, WRITE | CREATE | EXCLUSIVE),
    "truncate": lambda client, path: client.open(path, READ | TRUNCATE),
    "stat": lambda client, path: client.stat(path),
    "setstat": lambda client, path: client.setstat(path, attributes(mode=0o777, times=(1, 1))),
    "resize": lambda client, path: client.setstat(path, attributes(size=0)),
    "opendir": lambda client, path: client.opendir(path),
    "realpath": lambda client, path: client.realpath(path),
    "statvfs": lambda client, path: client.extended(b"statvfs", path),
}
#: Those that do not follow a link at the end.
OF_NAMES: dict[str, Attempt] = {
    "lstat": lambda client, path: client.lstat(path),
    "lsetstat": lambda client, path: client.extended(b"lsetstat", path, attributes(times=(1, 1))),
    "remove": lambda client, path: client.remove(path),
    "mkdir": lambda client, path: client.mkdir(path),
    "rmdir": lambda client, path: client.rmdir(path),
    "readlink": lambda client, path: client.readlink(path),
}


def attempts_on(client: SftpClient, path: bytes, names: dict[str, Attempt]) -> dict[str, int]:
    """How each of them ends."""
    found = {}
    for name, attempt in names.items():
        try:
            attempt(client, path)
            found[name] = 0
        except StatusError as error:
            found[name] = error.code
    return found


def unchanged(tree: Tree) -> None:
    """Nothing outside was read, written, made or removed."""
    assert sorted(os.listdir(tree.outside)) == ["deep", "secret"]
    assert os.listdir(tree.outside / "deep") == []
    assert (tree.outside / "secret").read_text() == "SECRET"
    for path in (tree.outside, tree.outside / "secret", tree.outside / "deep"):
        assert path.stat().st_mtime > 1
        assert path.stat().st_mode & 0o777 != 0o777
    assert sorted(os.listdir(tree.root.parent)) == ["outside", "root"]


@pytest.mark.parametrize(
    "name",
    [
        "{root}/../outside/secret",
        "{root}/../outside/new",
        "{root}/a/../../outside/secret",
        "{root}/..",
        "{root}/.././root/../outside",
        "../outside/secret",
        "..",
        "a/../..",
        "{outside}/secret",
        "{outside}",
        "{root}x",
        "/",
        "//",
        "/etc/passwd",
        "/../../etc",
        "/proc/self/root/etc/passwd",
        "/proc/self/cwd",
    ],
)
def test_a_name_that_is_not_beneath_the_directory_is_refused(client: SftpClient, tree: Tree, name: str) -> None:
    (tree.root / "a").mkdir()

    path = os.fsencode(name.format(root=tree.root, outside=tree.outside))

    assert set(attempts_on(client, path, ATTEMPTS | OF_NAMES).values()) <= {DENIED, NO_SUCH_FILE}
    unchanged(tree)


@pytest.mark.parametrize(
    "target",
    [
        "{outside}",
        "../outside",
        "/",
        "..",
        "a/../../outside",
        "{root}/../outside",
        "/proc/self/root",
        "l2",
        "{root}/l2",
    ],
)
def test_a_link_that_leads_out_is_not_followed(client: SftpClient, tree: Tree, target: str) -> None:
    (tree.root / "a").mkdir()
    (tree.root / "l2").symlink_to("../outside")
    client.symlink(os.fsencode(target.format(**tree._asdict())), tree.path("l"))

    for below in ("secret", "deep", "new", "deep/new", "outside/secret", "etc/passwd"):
        ends = attempts_on(client, tree.path(f"l/{below}"), ATTEMPTS | OF_NAMES)
        assert set(ends.values()) <= {DENIED, NO_SUCH_FILE}
    ends = attempts_on(client, tree.path("l"), {k: v for k, v in ATTEMPTS.items() if k != "create anew"})
    assert set(ends.values()) == {DENIED}
    unchanged(tree)


def test_what_is_refused_does_not_tell_whether_there_is_something(client: SftpClient, tree: Tree) -> None:
    (tree.root / "there").symlink_to(tree.outside / "secret")
    (tree.root / "absent").symlink_to(tree.outside / "nothing")

    assert attempts_on(client, tree.path("there"), ATTEMPTS) == attempts_on(client, tree.path("absent"), ATTEMPTS)


def test_a_link_to_a_file_outside_is_not_followed(client: SftpClient, tree: Tree) -> None:
    client.symlink(os.fsencode(tree.outside / "secret"), tree.path("l"))

    ends = attempts_on(client, tree.path("l"), {k: v for k, v in ATTEMPTS.items() if k != "create anew"})
    assert set(ends.values()) == {DENIED}
    assert client.readlink(tree.path("l")) == os.fsencode(tree.outside / "secret")
    unchanged(tree)


def test_links_that_stay_inside_are_followed(client: SftpClient, tree: Tree) -> None:
    (tree.root / "a" / "b").mkdir(parents=True)
    (tree.root / "a" / "file").write_text("inside")
    for name, target in {
        "a/b/up": "../file",
        "a/b/round": "../../a/b/../file",
        "a/b/absolute": f"{tree.root}/a/file",
        "directory": "a/b/..",
        "chain": "directory/b/up",
    }.items():
        (tree.root / name).symlink_to(target)

    for name in ("a/b/up", "a/b/round", "a/b/absolute", "chain", "directory/file", "directory/b/../b/up"):
        assert client.load(tree.path(name)) == b"inside"
        assert client.realpath(tree.path(name)) == tree.path("a/file")
    assert client.names(tree.path("directory")) == [b"b", b"file"]


def test_a_dangling_link_inside_can_be_created_through(client: SftpClient, tree: Tree) -> None:
    (tree.root / "a").mkdir(mode=0o777)
    (tree.root / "a").chmod(0o777)
    (tree.root / "l").symlink_to("a/new")

    client.store(tree.path("l"), b"x")

    assert (tree.root / "a" / "new").read_text() == "x"


def test_a_loop_of_links_ends(client: SftpClient, tree: Tree) -> None:
    (tree.root / "one").symlink_to("two")
    (tree.root / "two").symlink_to("one/x")
    (tree.root / "self").symlink_to(tree.root / "self")
    (tree.root / "grow").symlink_to("grow/" * 400 + "x")

    for name in ("one", "two/x", "self", "grow", "grow/y"):
        assert attempts_on(client, tree.path(name), {"stat": ATTEMPTS["stat"]}) == {"stat": NO_SUCH_FILE}


def test_rename_and_link_do_not_cross_the_border(client: SftpClient, tree: Tree) -> None:
    client.store(tree.path("mine"), b"mine")
    (tree.root / "out").symlink_to(tree.outside)

    secrets = [os.fsencode(tree.outside / "secret"), tree.path("out/secret"), tree.path("../outside/secret")]
    for secret in secrets:
        for pair in ((secret, tree.path("stolen")), (tree.path("mine"), secret), (tree.path("mine"), secret + b"x")):
            for act in (client.rename, client.replace, client.link):
                with pytest.raises(StatusError) as caught:
                    act(*pair)
                assert caught.value.code in (DENIED, NO_SUCH_FILE)
    assert client.names(tree.path("")) == [b"mine", b"out"]
    unchanged(tree)


def test_the_directory_itself_is_neither_removed_nor_renamed(client: SftpClient, tree: Tree) -> None:
    (tree.root / "a").mkdir(mode=0o777)
    for name in ("", ".", "a/..", "/./", "a/."):
        for act in (client.remove, client.rmdir):
            with pytest.raises(StatusError):
                act(tree.path(name))
        for rename in (client.rename, client.replace, client.link):
            with pytest.raises(StatusError):
                rename(tree.path(name), tree.path("elsewhere"))
            with pytest.raises(StatusError):
                rename(tree.path("a"), tree.path(name))
    assert client.names(tree.path("")) == [b"a"]


def test_a_link_made_from_a_link_is_a_link(client: SftpClient, tree: Tree) -> None:
    """A hard link to what a link points to would be a way out."""
    client.symlink(os.fsencode(tree.outside / "secret"), tree.path("l"))

    client.link(tree.path("l"), tree.path("again"))

    assert client.readlink(tree.path("again")) == os.fsencode(tree.outside / "secret")


def test_a_parent_is_told_nothing_of(client: SftpClient, tree: Tree) -> None:
    entries = client.readdir(client.opendir(tree.path("")))

    assert [name for name, _, _ in entries] == [b".", b".."]
    assert entries[0][2] == entries[1][2]


def test_a_root_that_was_replaced_is_still_the_one_that_was_opened(client: SftpClient, tree: Tree) -> None:
    (tree.root / "file").write_text("kept")
    tree.root.rename(tree.root.with_name("moved"))
    tree.root.symlink_to(tree.outside)

    assert client.load(tree.path("file")) == b"kept"
    assert attempts_on(client, tree.path("secret"), {"stat": ATTEMPTS["stat"]}) == {"stat": NO_SUCH_FILE}

    tree.root.unlink()
    tree.root.with_name("moved").rename(tree.root)


def test_a_root_that_is_gone_has_no_files(client: SftpClient, tree: Tree) -> None:
    tree.root.rmdir()

    ends = attempts_on(client, tree.path("x"), ATTEMPTS)

    assert {ends[name] for name in ("open", "create", "stat", "opendir", "setstat")} == {NO_SUCH_FILE}


#: How often the client tries while something is swapped.
TRIES = 700

#: Swaps two names in a directory as fast as it can, in a process of its own.
SWAPPER = """
import ctypes, os, random, sys
root = os.open(sys.argv[1], os.O_RDONLY)
one, two = (name.encode() for name in sys.argv[2:])
exchange = getattr(ctypes.CDLL(None), "renameat2", None)
print("ready", flush=True)
while True:
    for _ in range(random.randrange(500)):  # else it may come to take turns with the server
        pass
    if exchange is None or exchange(root, one, root, two, 2):
        os.rename(one, b"kept", src_dir_fd=root, dst_dir_fd=root)
        os.rename(two, one, src_dir_fd=root, dst_dir_fd=root)
        os.rename(one, two, src_dir_fd=root, dst_dir_fd=root)
        os.rename(b"kept", one, src_dir_fd=root, dst_dir_fd=root)
"""


@contextlib.contextmanager
def swapping(root: Path, one: str, two: str) -> Iterator[None]:
    argv = [sys.executable, "-c", SWAPPER, str(root), one, two]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield
        process.kill()


@pytest.mark.parametrize("way_out", ["{outside}", "../outside", "hop", "{root}/hop"])
def test_a_directory_that_becomes_a_link_meanwhile_leads_nowhere(client: SftpClient, tree: Tree, way_out: str) -> None:
    """Thousands of tries against somebody who swaps a directory of the path for a link out all the time."""
    for name in ("swap", "swap/deep"):
        (tree.root / name).mkdir()
        (tree.root / name).chmod(0o777)
    (tree.root / "swap" / "secret").write_text("mine")
    (tree.root / "swap" / "secret").chmod(0o666)
    (tree.root / "hop").symlink_to(tree.outside)
    (tree.root / "link").symlink_to(way_out.format(**tree._asdict()))

    with swapping(tree.root, "swap", "link"):
        reached = sum(attack(client, tree, round_) for round_ in range(TRIES))

    assert reached > 0
    unchanged(tree)


def attack(client: SftpClient, tree: Tree, round_: int) -> int:
    """One try of each kind; how many went through."""
    new = tree.path(f"swap/deep/{round_ % 3}")
    return tried(
        lambda: read_all(client, tree.path("swap/secret")),
        lambda: client.setstat(tree.path("swap/secret"), attributes(mode=0o666, times=(2**31, 2**31))),
        lambda: client.store(new, b"x"),
        lambda: client.replace(new, tree.path("swap/moved")),
        lambda: client.remove(tree.path("swap/moved")),
        lambda: client.names(tree.path("swap/deep")),
        lambda: client.link(tree.path("swap/secret"), tree.path(f"stolen{round_ % 2}")),
        lambda: read_all(client, tree.path(f"stolen{round_ % 2}")),
        lambda: client.remove(tree.path(f"stolen{round_ % 2}")),
    )


def tried(*acts: Callable[[], object]) -> int:
    """How many of them the server did."""
    done = 0
    for act in acts:
        with contextlib.suppress(StatusError):
            act()
            done += 1
    return done


def read_all(client: SftpClient, path: bytes) -> None:
    assert client.load(path) in (b"mine", b"x", b"")


@pytest.mark.parametrize("target", ["{outside}/secret", "../outside/secret"])
def test_a_file_that_becomes_a_link_meanwhile_is_not_followed(client: SftpClient, tree: Tree, target: str) -> None:
    (tree.root / "swap").write_text("mine")
    (tree.root / "swap").chmod(0o666)
    if sys.platform != "win32" and NOBODY is not None:
        os.chown(tree.root / "swap", NOBODY, NOBODY)
    (tree.root / "link").symlink_to(target.format(**tree._asdict()))
    path = tree.path("swap")

    with swapping(tree.root, "swap", "link"):
        reached = sum(
            tried(
                lambda: read_all(client, path),
                lambda: client.setstat(path, attributes(mode=0o777)),
                lambda: client.setstat(path, attributes(times=(1, 1))),
                lambda: client.setstat(path, attributes(size=4)),
                lambda: client.store(path, b"mine"),
                lambda: client.close(client.open(path, WRITE | CREATE)),
                lambda: client.extended(b"statvfs", path),
            )
            for _ in range(TRIES)
        )

    assert reached > 0
    unchanged(tree)


@pytest.mark.parametrize("target", ["{outside}", "../outside"])
def test_a_directory_that_becomes_a_link_meanwhile_is_not_listed(client: SftpClient, tree: Tree, target: str) -> None:
    (tree.root / "swap").mkdir()
    (tree.root / "swap" / "inner").touch()
    (tree.root / "link").symlink_to(target.format(**tree._asdict()))

    reached = 0
    with swapping(tree.root, "swap", "link"):
        for _ in range(4 * TRIES):
            with contextlib.suppress(StatusError):
                assert client.names(tree.path("swap")) == [b"inner"]
                reached += 1

    assert reached > 0


def test_a_path_that_goes_down_and_up_very_often_is_answered(client: SftpClient, tree: Tree) -> None:
    (tree.root / "a").mkdir()
    (tree.root / "file").write_text("x")

    assert client.load(tree.path("a/../" * 700 + "file")) == b"x"


def test_a_path_that_is_too_long_for_an_answer_is_refused(client: SftpClient, tree: Tree) -> None:
    """Each link leads as deep as a path can name, to the next one."""
    name, levels, links = "d" * 200, 15, 11
    here = os.open(tree.root, os.O_RDONLY)
    for depth in range(levels * links):
        if depth % levels == 0:
            os.symlink("/".join([name] * levels), "l", dir_fd=here)
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)

    assert len(client.realpath(tree.path("l/" * 5 + "."))) > 15_000
    with pytest.raises(StatusError):
        client.realpath(tree.path("l/" * links + "."))
    assert client.names(tree.path("")) == [os.fsencode(name), b"l"]


@pytest.mark.parametrize("path", [b"a/" * 2100, b"a/../" * 900, b"x" * 5000])
def test_a_path_that_is_longer_than_any_kernel_takes_is_refused(client: SftpClient, tree: Tree, path: bytes) -> None:
    (tree.root / "a").mkdir()

    for attempt in ("realpath", "stat", "create", "opendir"):
        with pytest.raises(StatusError, match="too long"):
            ATTEMPTS[attempt](client, path)


def test_links_that_go_up_and_down_for_ever_cost_little(client: SftpClient, tree: Tree) -> None:
    depth = 30
    deep = tree.root.joinpath(*["d"] * depth)
    deep.mkdir(parents=True)
    (deep / "end").symlink_to("../d/" * 800 + "end2")
    (deep / "end2").symlink_to("../d/" * 800)

    with pytest.raises(StatusError, match="too long"):
        client.realpath(b"d/" * depth + b"end")
