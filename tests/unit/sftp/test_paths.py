"""What names stand for: making, removing, renaming and changing files, as local calls would."""

import os
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.sftpclient import (
    APPEND,
    BAD_MESSAGE,
    CREATE,
    DENIED,
    EXCLUSIVE,
    FAILURE,
    NO_SUCH_FILE,
    READ,
    TRUNCATE,
    WRITE,
    SftpClient,
    StatusError,
    Wide,
    attributes,
    connected,
    server_argv,
)
from tests.unit.sftp.conftest import AS_ROOT, NOBODY, Tree, blocks

HOUR = 3600


def code(caught: pytest.ExceptionInfo[StatusError]) -> int:
    return caught.value.code


def test_a_file_is_written_and_read(client: SftpClient, tree: Tree) -> None:
    client.store(tree.path("f"), b"hello" * 10000)

    assert (tree.root / "f").read_bytes() == b"hello" * 10000
    assert client.load(tree.path("f")) == b"hello" * 10000


@pytest.mark.parametrize("prefix", ["", "{root}/", "{root}//./", "./"])
def test_a_relative_name_starts_at_the_directory(client: SftpClient, tree: Tree, prefix: str) -> None:
    (tree.root / "a").mkdir()
    (tree.root / "a" / "f").write_text("x")

    assert client.load(os.fsencode(prefix.format(root=tree.root)) + b"a/f") == b"x"


def test_the_directory_is_known_by_its_path_without_links_too(tree: Tree) -> None:
    (tree.root / "f").write_text("x")
    link = tree.root.with_name("link")
    link.symlink_to(tree.root)

    with connected(server_argv("--root", str(link))) as (client, _):
        assert client.realpath(b".") == os.fsencode(link)
        assert client.load(os.fsencode(link) + b"/f") == b"x"
        assert client.load(tree.path("f")) == b"x"


def test_the_whole_file_system_can_be_the_directory(tree: Tree) -> None:
    (tree.root / "f").write_text("x")

    with connected(server_argv("--root", "/", "--read-only")) as (client, _):
        assert client.load(tree.path("f")) == b"x"
        assert client.realpath(b"/") == b"/"
        assert client.realpath(tree.path("f")) == tree.path("f")
        with pytest.raises(StatusError):
            client.realpath(b"/..")


@pytest.mark.parametrize(
    "name",
    [
        b"x" * 255,
        b"two\nlines",
        b"\xff\xfe not UTF-8",
        "ä€🙂".encode(),
        b" ",
        b"-rf",
        b"*?[a]",
        b"back\\slash",
        b"...",
        b"\x01",
    ],
)
def test_any_name_will_do(client: SftpClient, tree: Tree, name: bytes) -> None:
    client.store(tree.path(name), b"x")
    assert os.listdir(os.fsencode(tree.root)) == [name]
    assert client.names(tree.path("")) == [name]

    client.replace(tree.path(name), tree.path(b"d"))
    client.symlink(name, tree.path(name))
    assert client.readlink(tree.path(name)) == name
    client.remove(tree.path(name))
    client.mkdir(tree.path(name), attributes(mode=0o755))
    assert stat.S_ISDIR(client.lstat(tree.path(name)).mode)
    client.rmdir(tree.path(name))
    assert client.names(tree.path("")) == [b"d"]


def test_a_name_that_is_too_long_is_refused(client: SftpClient, tree: Tree) -> None:
    with pytest.raises(StatusError) as caught:
        client.store(tree.path("x" * 256), b"x")
    assert code(caught) == BAD_MESSAGE
    with pytest.raises(StatusError):
        client.stat(tree.path("a/" * 5000 + "b"))


def test_a_name_with_a_nul_is_refused(client: SftpClient, tree: Tree) -> None:
    with pytest.raises(StatusError) as caught:
        client.store(tree.path("a\0b"), b"x")

    assert code(caught) == BAD_MESSAGE
    assert client.names(tree.path("")) == []


def test_exclusive_means_that_nothing_was_there(client: SftpClient, tree: Tree) -> None:
    (tree.root / "there").write_text("x")
    (tree.root / "dangling").symlink_to("nothing")

    for name in ("there", "dangling"):
        with pytest.raises(StatusError) as caught:
            client.open(tree.path(name), WRITE | CREATE | EXCLUSIVE)
        assert code(caught) == FAILURE
    client.close(client.open(tree.path("new"), WRITE | CREATE | EXCLUSIVE))


def test_without_create_nothing_is_made(client: SftpClient, tree: Tree) -> None:
    with pytest.raises(StatusError) as caught:
        client.open(tree.path("new"), WRITE | TRUNCATE)

    assert code(caught) == NO_SUCH_FILE


def test_truncate_empties_and_its_absence_does_not(client: SftpClient, tree: Tree) -> None:
    client.store(tree.path("f"), b"hello")
    client.close(client.open(tree.path("f"), WRITE | CREATE))
    assert client.load(tree.path("f")) == b"hello"

    client.close(client.open(tree.path("f"), WRITE | TRUNCATE))
    assert client.load(tree.path("f")) == b""


def test_append_writes_at_the_end_wherever_it_is_told_to(client: SftpClient, tree: Tree) -> None:
    client.store(tree.path("f"), b"hello")

    handle = client.open(tree.path("f"), READ | WRITE | APPEND)
    client.write(handle, 0, b" world")

    assert client.read(handle, 0, 100) == b"hello world"


def test_the_mode_of_what_is_made_is_the_one_that_was_asked_for(tree: Tree) -> None:
    argv = ["sh", "-c", 'umask 027; exec "$@"', "sh", *server_argv("--root", str(tree.root), user=NOBODY)]

    with connected(argv) as (client, _):
        client.close(client.open(tree.path("said"), WRITE | CREATE, attributes(mode=0o664)))
        client.close(client.open(tree.path("unsaid"), WRITE | CREATE))
        client.mkdir(tree.path("said.d"), attributes(mode=0o775))
        client.mkdir(tree.path("unsaid.d"))

        found = {name: oct(client.lstat(tree.path(name)).mode & 0o7777) for name in os.listdir(tree.root)}
    assert found == {"said": "0o664", "unsaid": "0o640", "said.d": "0o775", "unsaid.d": "0o750"}


def test_a_file_without_permissions_can_be_made_and_written(client: SftpClient, tree: Tree) -> None:
    """As `tar` and `git` do: the descriptor counts, and not the mode."""
    handle = client.open(tree.path("f"), WRITE | CREATE | EXCLUSIVE, attributes(mode=0))
    client.write(handle, 0, b"x")
    client.close(handle)

    assert client.lstat(tree.path("f")).mode == stat.S_IFREG


def test_only_regular_files_are_opened(client: SftpClient, tree: Tree) -> None:
    subprocess.run(["mkfifo", tree.root / "pipe"], check=True)
    (tree.root / "pipe").chmod(0o666)
    (tree.root / "d").mkdir()

    for name in ("pipe", "d", ""):
        for flags in (READ, WRITE, READ | WRITE):
            with pytest.raises(StatusError) as caught:
                client.open(tree.path(name), flags)
            assert code(caught) == FAILURE


def test_those_who_wait_at_a_pipe_are_not_disturbed(client: SftpClient, tree: Tree) -> None:
    pipe = tree.root / "pipe"
    subprocess.run(["mkfifo", pipe], check=True)
    pipe.chmod(0o666)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as waiting:
        for act in (
            lambda: client.open(tree.path("pipe"), WRITE),
            lambda: client.setstat(tree.path("pipe"), attributes(size=0)),
        ):
            for _ in range(50):
                with pytest.raises(StatusError) as caught:
                    act()
                assert code(caught) == FAILURE
        pipe.write_text("for those who wait")

        assert waiting.communicate(timeout=20)[0] == b"for those who wait"


def test_attributes_are_those_of_the_file(client: SftpClient, tree: Tree) -> None:
    (tree.root / "f").write_bytes(b"x" * 1234)
    os.utime(tree.root / "f", (1_000_000_000, 1_100_000_000.9))
    (tree.root / "l").symlink_to("f")
    local = (tree.root / "f").stat()

    found = client.stat(tree.path("l"))

    assert found == (1234, local.st_uid, local.st_gid, local.st_mode, 1_000_000_000, 1_100_000_000)
    assert stat.S_ISLNK(client.lstat(tree.path("l")).mode)


def test_times_that_do_not_fit_are_the_nearest_that_do(client: SftpClient, tree: Tree) -> None:
    (tree.root / "f").touch()
    os.utime(tree.root / "f", (-5, 1 << 33))

    assert client.stat(tree.path("f"))[4:] == (0, (1 << 32) - 1)


def own(client: SftpClient, tree: Tree) -> None:
    """Make a file that belongs to the server's user."""
    client.close(client.open(tree.path("f"), WRITE | CREATE, attributes(mode=0o600)))


def test_size_mode_and_times_are_set(client: SftpClient, tree: Tree) -> None:
    own(client, tree)
    client.symlink(b"f", tree.path("l"))

    client.setstat(tree.path("l"), attributes(size=5 << 30, mode=0o100640, times=(10, (1 << 31) + 5)))

    found = client.stat(tree.path("f"))
    assert (found.size, found.mode, found.atime, found.mtime) == (5 << 30, 0o100640, 10, (1 << 31) + 5)
    assert blocks(tree.root / "f") == 0
    assert stat.S_ISLNK(client.lstat(tree.path("l")).mode)


def test_attributes_are_set_through_a_handle(client: SftpClient, tree: Tree) -> None:
    handle = client.open(tree.path("f"), WRITE | CREATE, attributes(mode=0o600))

    client.fsetstat(handle, attributes(size=7, mode=0o711, times=(1, 2)))

    found = client.fstat(handle)
    assert (found.size, found.mode & 0o7777, found.atime, found.mtime) == (7, 0o711, 1, 2)


def test_the_attributes_of_a_link_itself_are_set(client: SftpClient, tree: Tree) -> None:
    own(client, tree)
    client.symlink(b"f", tree.path("l"))

    client.extended(b"lsetstat", tree.path("l"), attributes(times=(5, 6)))

    assert client.lstat(tree.path("l")).mtime == 6
    assert client.stat(tree.path("f")).mtime > 6
    with pytest.raises(StatusError):
        client.extended(b"lsetstat", tree.path("l"), attributes(mode=0o777))
    assert client.stat(tree.path("f")).mode & 0o777 == 0o600


@pytest.mark.skipif(AS_ROOT, reason="root may do that")
def test_a_plain_user_gives_nothing_away(client: SftpClient, tree: Tree) -> None:
    own(client, tree)
    found = client.stat(tree.path("f"))

    client.setstat(tree.path("f"), attributes(owner=(found.uid, found.gid)))
    client.setstat(tree.path("f"), attributes(owner=((1 << 32) - 1, found.gid)))
    with pytest.raises(StatusError) as caught:
        client.setstat(tree.path("f"), attributes(owner=(0, 0)))
    assert code(caught) == DENIED


def test_what_modes_forbid_is_refused(client: SftpClient, tree: Tree) -> None:
    own(client, tree)
    client.mkdir(tree.path("d"), attributes(mode=0o755))
    client.store(tree.path("d/g"), b"x")
    client.setstat(tree.path("d"), attributes(mode=0o444))
    client.setstat(tree.path("f"), attributes(mode=0))

    for act in (
        lambda: client.open(tree.path("f")),
        lambda: client.stat(tree.path("d/g")),
        lambda: client.remove(tree.path("d/g")),
    ):
        with pytest.raises(StatusError) as caught:
            act()
        assert code(caught) == DENIED


def test_rename_replaces_nothing(client: SftpClient, tree: Tree) -> None:
    for name in ("a", "b"):
        client.store(tree.path(name), name.encode())
        client.mkdir(tree.path(f"{name}.d"), attributes(mode=0o755))

    for old, new in (("a", "b"), ("a.d", "b.d"), ("a", "b.d"), ("a.d", "b"), ("a", "a")):
        with pytest.raises(StatusError) as caught:
            client.rename(tree.path(old), tree.path(new))
        assert code(caught) == FAILURE
    client.rename(tree.path("a"), tree.path("a.d/c"))
    client.rename(tree.path("a.d"), tree.path("c"))
    assert client.load(tree.path("c/c")) == b"a"
    assert client.load(tree.path("b")) == b"b"


def test_posix_rename_replaces(client: SftpClient, tree: Tree) -> None:
    client.store(tree.path("a"), b"a")
    client.store(tree.path("b"), b"b")
    handle = client.open(tree.path("b"))

    client.replace(tree.path("a"), tree.path("b"))

    assert client.load(tree.path("b")) == b"a"
    assert client.read(handle, 0, 10) == b"b"
    assert client.names(tree.path("")) == [b"b"]


def test_a_directory_does_not_move_into_itself(client: SftpClient, tree: Tree) -> None:
    client.mkdir(tree.path("d"), attributes(mode=0o755))

    for rename in (client.rename, client.replace):
        with pytest.raises(StatusError):
            rename(tree.path("d"), tree.path("d/e"))


def test_directories_are_removed_as_directories(client: SftpClient, tree: Tree) -> None:
    client.mkdir(tree.path("d"), attributes(mode=0o755))
    client.store(tree.path("d/f"), b"")

    for act in (client.rmdir, client.remove):
        with pytest.raises(StatusError) as caught:
            act(tree.path("d"))
        assert code(caught) == FAILURE
    with pytest.raises(StatusError):
        client.rmdir(tree.path("d/f"))
    with pytest.raises(StatusError) as caught:
        client.mkdir(tree.path("d"))
    assert code(caught) == FAILURE
    client.remove(tree.path("d/f"))
    client.rmdir(tree.path("d"))


def test_a_file_has_a_second_name(client: SftpClient, tree: Tree) -> None:
    client.store(tree.path("a"), b"x")

    client.link(tree.path("a"), tree.path("b"))

    assert (tree.root / "a").stat().st_nlink == 2
    with pytest.raises(StatusError) as caught:
        client.link(tree.path("a"), tree.path("b"))
    assert code(caught) == FAILURE


def test_the_text_of_a_link_is_kept(client: SftpClient, tree: Tree) -> None:
    for number, target in enumerate((b"/etc/passwd", b"../../..", b"\xff\n", b"a//b/./", b"x" * 4000)):
        client.symlink(target, tree.path(str(number)))
        assert client.readlink(tree.path(str(number))) == target
    with pytest.raises(StatusError):
        client.readlink(tree.path(""))


def test_names_are_resolved_as_the_client_would_see_them(client: SftpClient, tree: Tree) -> None:
    (tree.root / "a").mkdir()
    (tree.root / "l").symlink_to("a")

    assert client.realpath(b".") == os.fsencode(tree.root)
    assert client.realpath(b"") == os.fsencode(tree.root)
    assert client.realpath(tree.path("l/../l/new")) == tree.path("a/new")
    with pytest.raises(StatusError):
        client.realpath(tree.path("no/new"))


def change_everything(client: SftpClient, tree: Tree) -> dict[str, int]:
    """The status of everything that would change something."""
    handle = client.open(tree.path("f"))
    acts: dict[str, Callable[[], object]] = {
        "write": lambda: client.open(tree.path("f"), WRITE),
        "append": lambda: client.open(tree.path("f"), READ | WRITE | APPEND),
        "truncate": lambda: client.open(tree.path("f"), READ | TRUNCATE),
        "create": lambda: client.open(tree.path("new"), READ | CREATE),
        "write data": lambda: client.write(handle, 0, b"x"),
        "setstat": lambda: client.setstat(tree.path("f"), attributes(mode=0o777)),
        "size": lambda: client.setstat(tree.path("f"), attributes(size=0)),
        "times": lambda: client.setstat(tree.path("f"), attributes(times=(1, 1))),
        "fsetstat": lambda: client.fsetstat(handle, attributes(mode=0o777)),
        "fsetstat size": lambda: client.fsetstat(handle, attributes(size=0)),
        "lsetstat": lambda: client.extended(b"lsetstat", tree.path("f"), attributes(times=(1, 1))),
        "remove": lambda: client.remove(tree.path("f")),
        "mkdir": lambda: client.mkdir(tree.path("new")),
        "rmdir": lambda: client.rmdir(tree.path("d")),
        "rename": lambda: client.rename(tree.path("f"), tree.path("g")),
        "symlink": lambda: client.symlink(b"f", tree.path("l")),
        "posix-rename": lambda: client.replace(tree.path("f"), tree.path("g")),
        "hardlink": lambda: client.link(tree.path("f"), tree.path("g")),
    }
    found = {}
    for name, act in acts.items():
        try:
            act()
            found[name] = 0
        except StatusError as error:
            found[name] = error.code
    return found


def test_read_only_means_that_nothing_is_changed(tree: Tree, walls: dict[str, bool]) -> None:
    (tree.root / "f").write_text("x")
    (tree.root / "d").mkdir()
    before = snapshot(tree.root)

    with connected(server_argv("--root", str(tree.root), "--read-only", **walls)) as (client, _):
        found = change_everything(client, tree)

        assert client.load(tree.path("f")) == b"x"
        assert client.names(tree.path("")) == [b"d", b"f"]
        client.extended(b"statvfs", tree.path(""))
    assert set(found.values()) == {DENIED}
    assert snapshot(tree.root) == before


def snapshot(root: Path) -> list[tuple[str, int, int, int]]:
    return [
        (str(path), (found := path.stat()).st_mode, found.st_size, found.st_mtime_ns)
        for path in sorted(root.rglob("*"))
    ]


def test_a_second_that_the_file_has_already_keeps_its_fraction(client: SftpClient, tree: Tree) -> None:
    own(client, tree)
    file = tree.root / "f"
    for mtime in (1_700_000_000_999_999_999, 1_700_000_000_000_000_001):
        os.utime(file, ns=(0, mtime))
        client.setstat(tree.path("f"), attributes(times=(7, 1_700_000_000)))
        assert (file.stat().st_atime, file.stat().st_mtime_ns) == (7, mtime)

    client.setstat(tree.path("f"), attributes(times=(7, 1_699_999_999)))
    assert file.stat().st_mtime_ns == 1_699_999_999 * 10**9


@pytest.mark.parametrize("read_only", [False, True])
def test_times_of_all_ones_stay_as_they_are(tree: Tree, read_only: bool) -> None:
    """So guests tell their programs of changes on the host, and undo nothing that others do meanwhile."""
    for name in ("f", "d"):
        (tree.root / name).touch() if name == "f" else (tree.root / name).mkdir()
        os.utime(tree.root / name, ns=(7, 1_700_000_000_123_456_789))
    before = [(tree.root / name).stat() for name in ("f", "d")]
    ones = (1 << 32) - 1

    with connected(server_argv("--root", str(tree.root), *["--read-only"] * read_only)) as (client, _):
        for name in ("f", "d"):
            client.setstat(tree.path(name), attributes(times=(5, ones)))
            client.setstat(tree.path(name), attributes(times=(ones, ones)))
        client.fsetstat(client.open(tree.path("f")), attributes(times=(5, ones)))
        with pytest.raises(StatusError) as caught:
            client.setstat(tree.path("none"), attributes(times=(ones, ones)))
        assert code(caught) == NO_SUCH_FILE
        if read_only:
            with pytest.raises(StatusError):
                client.setstat(tree.path("f"), attributes(times=(5, ones), mode=0o600))

    # Not even the time of the last change of attributes is another one.
    assert [(tree.root / name).stat() for name in ("f", "d")] == before


def test_a_time_that_the_file_has_already_can_be_set_where_nothing_can_be_changed(tree: Tree) -> None:
    """So the host agent has the guest's kernel tell of changes on the host (mountInotify)."""
    (tree.root / "f").touch()
    (tree.root / "l").symlink_to("f")
    now = int((tree.root / "f").stat().st_mtime)
    before = (tree.root / "f").stat().st_atime_ns

    with connected(server_argv("--root", str(tree.root), "--read-only")) as (client, _):
        handle = client.open(tree.path("f"))
        client.setstat(tree.path("f"), attributes(times=(now - HOUR, now)))
        client.fsetstat(handle, attributes(times=(now, now)))
        client.extended(b"lsetstat", tree.path("l"), attributes(times=(now, client.lstat(tree.path("l")).mtime)))
        for given in (
            attributes(times=(now, now + 1)),
            attributes(times=(now, now), mode=0o644),
            attributes(times=(now, now), size=0),
            attributes(times=(now, now), owner=(0, 0)),
            attributes(),
        ):
            with pytest.raises(StatusError):
                client.setstat(tree.path("f"), given)
        with pytest.raises(StatusError) as caught:
            client.setstat(tree.path("none"), attributes(times=(now, now)))
        assert code(caught) == NO_SUCH_FILE
    assert (tree.root / "f").stat().st_atime_ns == before


def test_a_size_beyond_all_bounds_is_refused(client: SftpClient, tree: Tree) -> None:
    own(client, tree)

    for size in ((1 << 63) - 1, 1 << 63, (1 << 64) - 1):
        with pytest.raises(StatusError):
            client.setstat(tree.path("f"), attributes(size=size))
    handle = client.open(tree.path("f"), READ | WRITE)
    for kind, *rest in ((5, 10), (6, b"x")):
        with pytest.raises(StatusError) as caught:
            client.call(kind, handle, Wide(1 << 63), *rest)
        assert code(caught) == BAD_MESSAGE


def test_times_of_now_are_close_to_it(client: SftpClient, tree: Tree) -> None:
    own(client, tree)

    assert abs(client.stat(tree.path("f")).mtime - time.time()) < HOUR


@pytest.mark.parametrize("bits", [0o4000, 0o2000, 0o6000])
def test_no_guest_makes_a_program_that_runs_as_our_user(client: SftpClient, tree: Tree, bits: int) -> None:
    client.close(client.open(tree.path("new"), WRITE | CREATE, attributes(mode=bits | 0o755)))
    client.store(tree.path("old"), b"#!/bin/sh")
    client.setstat(tree.path("old"), attributes(mode=bits | 0o755))
    handle = client.open(tree.path("open"), WRITE | CREATE)
    client.fsetstat(handle, attributes(mode=bits | 0o755))
    client.mkdir(tree.path("directory"), attributes(mode=bits | 0o755))

    assert {path.stat().st_mode & 0o6777 for path in tree.root.iterdir()} == {0o755}


def test_a_directory_that_gives_its_group_to_new_files_goes_on_doing_so(client: SftpClient, tree: Tree) -> None:
    client.mkdir(tree.path("shared"), attributes(mode=0o755))
    (tree.root / "shared").chmod(0o2755)

    client.setstat(tree.path("shared"), attributes(mode=0o2775))

    assert (tree.root / "shared").stat().st_mode & 0o7777 == 0o2775
