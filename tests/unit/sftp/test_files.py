"""What is open: reading, writing and listing by handle."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.sftpclient import (
    BAD_MESSAGE,
    CREATE,
    EOF,
    FAILURE,
    READ,
    WRITE,
    SftpClient,
    StatusError,
    Wide,
    connected,
    server_argv,
)
from tests.unit.sftp.conftest import AS_ROOT, Tree, blocks

GIB = 1 << 30


@pytest.fixture
def walls() -> dict[str, bool]:
    """Walls are a matter of names; handles have passed them."""
    return {}


def test_holes_of_a_large_file_stay_holes(client: SftpClient, tree: Tree) -> None:
    handle = client.open(tree.path("f"), READ | WRITE | CREATE)

    client.write(handle, 5 * GIB, b"end")

    assert client.fstat(handle).size == 5 * GIB + 3
    assert blocks(tree.root / "f") < 100
    assert client.read(handle, 5 * GIB - 2, 10) == b"\0\0end"
    assert client.read(handle, 6 * GIB, 10) == b""


def test_a_file_that_was_removed_is_there_for_who_has_it_open(client: SftpClient, tree: Tree) -> None:
    handle = client.open(tree.path("f"), READ | WRITE | CREATE)
    client.remove(tree.path("f"))

    client.write(handle, 0, b"x")

    assert client.read(handle, 0, 10) == b"x"
    client.close(handle)
    assert client.names(tree.path("")) == []


def test_reads_longer_than_a_packet_are_cut(client: SftpClient, tree: Tree) -> None:
    (tree.root / "f").write_bytes(bytes(1 << 20))

    handle = client.open(tree.path("f"))

    assert len(client.read(handle, 0, 1 << 20)) == (256 << 10) - 1024
    assert len(client.read(handle, 0, (1 << 32) - 1)) == (256 << 10) - 1024
    assert client.call(5, handle, Wide(0), 0).string() == b""


def test_requests_that_are_sent_at_once_are_answered_in_their_order(client: SftpClient, tree: Tree) -> None:
    handle = client.open(tree.path("f"), READ | WRITE | CREATE)
    sent = []
    for number in range(200):
        sent.append(client.send(6, handle, Wide(0), b"%03d" % number))
        sent.append(client.send(5, handle, Wide(0), 3))

    for number in range(200):
        assert client.receive()[:2] == (101, sent[2 * number])
        kind, echoed, body = client.receive()
        assert (kind, echoed, body.string()) == (103, sent[2 * number + 1], b"%03d" % number)


def test_fsync_reaches_files_and_directories(client: SftpClient, tree: Tree) -> None:
    handle = client.open(tree.path("f"), WRITE | CREATE)

    client.extended(b"fsync", handle)
    client.extended(b"fsync", client.opendir(tree.path("")))


def test_a_handle_is_what_it_was_opened_as(client: SftpClient, tree: Tree) -> None:
    file, directory = client.open(tree.path("f"), WRITE | CREATE), client.opendir(tree.path(""))

    for act in (
        lambda: client.read(file, 0, 1),
        lambda: client.write(directory, 0, b"x"),
        lambda: client.read(directory, 0, 1),
        lambda: client.readdir(file),
    ):
        with pytest.raises(StatusError):
            act()


def test_a_handle_is_never_used_again(client: SftpClient, tree: Tree) -> None:
    old = client.open(tree.path("f"), WRITE | CREATE)
    client.close(old)
    new = client.open(tree.path("g"), WRITE | CREATE)

    for name in (old, b"", b"x", b"\0" * 8, b"\xff" * 8, new + b"x", b"y" * 1000):
        with pytest.raises(StatusError) as caught:
            client.write(name, 0, b"x")
        assert caught.value.code == FAILURE
    assert client.fstat(new).size == 0


def test_there_is_an_end_to_handles(tree: Tree) -> None:
    (tree.root / "f").touch()
    limited = ["sh", "-c", 'ulimit -n 200; exec "$@"', "sh", *server_argv("--root", str(tree.root))]

    with connected(limited) as (client, _):
        limits = client.extended(b"limits")
        assert [limits.u64() for _ in range(3)] == [256 << 10, (256 << 10) - 1024, (256 << 10) - 1024]
        most = limits.u64()
        assert 10 < most < 100
        handles = [client.open(tree.path("f")) for _ in range(most)]
        with pytest.raises(StatusError) as caught:
            client.open(tree.path("f"))
        assert caught.value.code == FAILURE
        with pytest.raises(StatusError):
            client.opendir(tree.path(""))
        client.close(handles[0])
        client.close(client.open(tree.path("f")))


def test_a_directory_is_listed_in_batches_that_sshfs_takes(client: SftpClient, tree: Tree) -> None:
    expected = sorted(b"%05d" % number + b"x" * (number % 200) for number in range(3000))
    for name in expected:
        os.close(os.open(os.path.join(os.fsencode(tree.root), name), os.O_CREAT))

    handle = client.opendir(tree.path(""))
    found = []
    while True:
        client.send(12, handle)
        packet = client.packet()
        assert len(packet) < 64 << 10
        if packet[0] == 101:
            break
        found.append(packet)

    assert len(found) > 5
    assert client.names(tree.path("")) == expected


def test_a_listing_of_a_huge_directory_takes_little_memory(tree: Tree) -> None:
    for number in range(30000):
        os.close(os.open(tree.root / f"{number:05}{'x' * 100}", os.O_CREAT))

    with connected(server_argv("--root", str(tree.root))) as (client, process):
        handle = client.opendir(tree.path(""))
        first = client.readdir(handle)
        status = Path(f"/proc/{process.pid}/status")
        before = high_water(status.read_text()) if status.exists() else 0
        count = len(first)
        while batch := client.readdir(handle):
            count += len(batch)
        assert count == 30002
        if before:
            assert high_water(status.read_text()) - before < 2048


def high_water(status: str) -> int:
    return int(status.partition("VmHWM:")[2].split()[0])


def test_entries_have_attributes_and_a_line_like_that_of_ls(client: SftpClient, tree: Tree) -> None:
    (tree.root / "f").write_bytes(b"x" * 77)
    os.utime(tree.root / "f", (0, 86400 * 200))
    (tree.root / "l").symlink_to("f")

    entries = {name: (line, found) for name, line, found in client.readdir(client.opendir(tree.path("")))}

    assert entries[b"f"][1] == client.lstat(tree.path("f"))
    assert stat.S_ISLNK(entries[b"l"][1].mode)
    line = entries[b"f"][0].split()
    assert (line[0], line[1], line[4], line[-2:]) == (b"-rw-r--r--", b"1", b"77", [b"1970", b"f"])


def test_links_are_listed_as_what_they_lead_to_if_they_are_followed(tree: Tree) -> None:
    (tree.root / "f").write_bytes(b"x" * 77)
    (tree.root / "l").symlink_to("f")
    (tree.root / "out").symlink_to(tree.outside)
    (tree.root / "none").symlink_to("nothing")

    with connected(server_argv("--root", str(tree.root), "--follow-symlinks")) as (client, _):
        found = {name: entry.mode for name, _, entry in client.readdir(client.opendir(tree.path(".")))}

    assert stat.S_ISREG(found[b"l"])
    assert stat.S_ISLNK(found[b"out"])
    assert stat.S_ISLNK(found[b"none"])


@pytest.mark.skipif(AS_ROOT, reason="root may search everything")
def test_a_directory_that_can_only_be_read_is_listed(client: SftpClient, tree: Tree) -> None:
    (tree.root / "d").mkdir()
    (tree.root / "d" / "f").touch()
    (tree.root / "d").chmod(0o444)

    handle = client.opendir(tree.path("d"))
    body = client.call(12, handle)

    assert b"\0\0\0\x01f" in body.data
    (tree.root / "d").chmod(0o755)


def test_a_listing_ends_only_once(client: SftpClient, tree: Tree) -> None:
    handle = client.opendir(tree.path(""))
    assert client.readdir(handle)

    for _ in range(2):
        with pytest.raises(StatusError) as caught:
            client.call(12, handle)
        assert caught.value.code == EOF


@contextlib.contextmanager
def file_size_limited(tree: Tree) -> Iterator[SftpClient]:
    """A server that cannot write beyond 8 KiB; the signal of that limit is one that Python ignores."""
    limited = ["sh", "-c", 'ulimit -f 16; exec "$@"', "sh", *server_argv("--root", str(tree.root))]
    with connected(limited) as (client, _):
        yield client


def test_an_error_of_a_write_reaches_the_client(tree: Tree) -> None:
    with file_size_limited(tree) as client:
        handle = client.open(tree.path("f"), WRITE | CREATE)
        with pytest.raises(StatusError) as caught:
            client.write(handle, 0, bytes(64 << 10))
        assert caught.value.code == FAILURE
        assert caught.value.text == "File too large"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_told_to_the_client_and_to_the_user_of_the_host(tree: Tree) -> None:
    """The server opens no device, so it is handed one as if it were a file."""
    program = """
import os, sys
from limavm.sftp import handles, packet, server, service, journal
full = handles.Handle(os.open("/dev/full", os.O_WRONLY))
served = service.Service(None)
served.handles.add(full)
server.Server(served, journal.Journal(), 0, 1).run()
"""
    with connected([*server_argv()[:3], program]) as served:
        with pytest.raises(StatusError) as caught:
            served.client.write(b"\0" * 7 + b"\x01", 0, b"x")
        assert (caught.value.code, caught.value.text) == (FAILURE, "No space left on device")
        assert "No space left on device" in served.end()[1]


def test_a_request_that_is_cut_off_is_refused(client: SftpClient, tree: Tree) -> None:
    handle = client.open(tree.path("f"), WRITE | CREATE)

    for kind, *fields in ((6, handle), (6, handle, Wide(0), 5), (5, handle, 1), (3, b"x"), (9, b"f", 4), (17,)):
        with pytest.raises(StatusError) as caught:
            client.call(kind, *fields)
        assert caught.value.code == BAD_MESSAGE
