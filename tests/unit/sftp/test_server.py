"""The connection: greeting, framing, what is not understood, and how it ends."""

import os
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.sftpclient import (
    BAD_MESSAGE,
    CREATE,
    UNSUPPORTED,
    WRITE,
    GoneError,
    Raw,
    Served,
    SftpClient,
    StatusError,
    connected,
    server_argv,
)
from tests.unit.sftp.conftest import NOBODY, Tree

EXTENSIONS = {
    b"posix-rename@openssh.com": b"1",
    b"statvfs@openssh.com": b"2",
    b"fstatvfs@openssh.com": b"2",
    b"hardlink@openssh.com": b"1",
    b"fsync@openssh.com": b"1",
    b"lsetstat@openssh.com": b"1",
    b"limits@openssh.com": b"1",
}


@pytest.fixture
def walls() -> dict[str, bool]:
    return {}


def test_the_greeting_offers_version_3_and_the_extensions(client: SftpClient) -> None:
    assert client.extensions == EXTENSIONS


def test_a_client_that_knows_later_versions_gets_the_third(tree: Tree) -> None:
    with connected(server_argv("--root", str(tree.root)), greet=False) as (client, _):
        client.raw(struct.pack(">IBI", 5, 1, 6))
        assert client.packet()[:5] == struct.pack(">BI", 2, 3)


def test_the_end_of_the_connection_is_the_end_of_the_server(served: Served, tree: Tree) -> None:
    served.client.open(tree.path("f"), WRITE | CREATE)

    assert served.end() == (0, "")


def test_a_connection_without_a_greeting_is_no_error(tree: Tree) -> None:
    with connected(server_argv("--root", str(tree.root)), greet=False) as served:
        assert served.end() == (0, "")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "a packet of 1195725856 bytes"),
        (b"\0\0\0\0", "a packet of 0 bytes"),
        (b"\xff\xff\xff\xff", "a packet of 4294967295 bytes"),
        (struct.pack(">I", (256 << 10) + 1), "a packet of 262145 bytes"),
        (struct.pack(">IBI", 5, 17, 1), "it does not begin with SFTP's greeting"),
        (b"\0\0", "the connection ended within a packet"),
        (struct.pack(">IBI", 50, 1, 3), "the connection ended within a packet"),
    ],
)
def test_what_is_not_sftp_ends_the_connection_with_one_line(tree: Tree, sent: bytes, told: str) -> None:
    with connected(server_argv("--root", str(tree.root)), greet=False) as served:
        served.client.raw(sent)

        assert served.end() == (1, f"limavm.sftp: the connection is given up: {told}\n")


def test_a_packet_that_is_too_long_ends_a_connection_that_was_greeted(served: Served) -> None:
    served.client.raw(struct.pack(">I", 300 << 10))

    with pytest.raises(GoneError):
        served.client.packet()
    assert served.end()[0] == 1


def test_a_packet_of_the_longest_kind_is_taken(client: SftpClient, tree: Tree) -> None:
    handle = client.open(tree.path("f"), WRITE | CREATE)
    longest = (256 << 10) - 1 - 4 - 12 - 8 - 4

    for round_ in range(5):
        client.write(handle, round_ * longest, bytes([round_]) * longest)

    assert client.fstat(handle).size == 5 * longest
    assert (tree.root / "f").read_bytes()[::longest] == b"\0\1\2\3\4"


def test_packets_may_come_byte_by_byte(client: SftpClient) -> None:
    for byte in struct.pack(">IBI", 10, 17, 7) + b"\0\0\0\x01.":
        client.raw(bytes([byte]))

    assert client.receive()[:2] == (105, 7)


@pytest.mark.parametrize("kind", [0, 1, 2, 21, 99, 101, 102, 105, 201, 255])
def test_an_unknown_request_is_answered_as_such(client: SftpClient, kind: int) -> None:
    with pytest.raises(StatusError) as caught:
        client.call(kind, b"x", 1, 2, 3)

    assert caught.value.code == UNSUPPORTED


@pytest.mark.parametrize("name", [b"copy-data", b"expand-path", b"x" * 10000, b"\xff", b""])
def test_an_unknown_extension_is_answered_as_such(client: SftpClient, name: bytes) -> None:
    with pytest.raises(StatusError) as caught:
        client.call(200, name, b"x")

    assert caught.value.code == UNSUPPORTED


def test_attributes_without_end_are_refused(client: SftpClient) -> None:
    with pytest.raises(StatusError) as caught:
        client.call(14, b"d", Raw(struct.pack(">II", 0x80000000, 0xFFFFFFFF)))

    assert caught.value.code == BAD_MESSAGE


def test_a_client_that_reads_no_answers_is_waited_for(client: SftpClient, tree: Tree) -> None:
    (tree.root / "f").write_bytes(os.urandom(1 << 20))
    handle = client.open(tree.path("f"))
    numbers = [client.send(5, handle, Raw(struct.pack(">QI", 0, 32768))) for _ in range(300)]

    content = (tree.root / "f").read_bytes()[:32768]
    for number in numbers:
        kind, echoed, body = client.receive()
        assert (kind, echoed, body.string() == content) == (103, number, True)


def test_no_answer_names_a_path_of_the_host(client: SftpClient, tree: Tree) -> None:
    for path in (tree.path("none"), os.fsencode(tree.outside), tree.path("none/none")):
        for kind in (7, 11, 13, 15, 17, 19):
            with pytest.raises(StatusError) as caught:
                client.call(kind, path)
            assert "/" not in caught.value.text


REQUESTS = st.tuples(st.sampled_from([*range(22), 200, 255]), st.binary(max_size=200))
NAMES = st.sampled_from([b"", b".", b"..", b"f", b"d/../f", b"/", b"../outside", b"../outside/secret", b"l", b"d/l"])
SHAPED = st.tuples(
    st.sampled_from([*range(3, 21), 200]),
    st.lists(
        st.one_of(
            st.builds(
                lambda value: struct.pack(">I", len(value)) + value, st.one_of(NAMES, st.sampled_from([*EXTENSIONS]))
            ),
            st.integers(0, 63).map(lambda value: struct.pack(">I", value)),
            st.integers(0, (1 << 64) - 1).map(lambda value: struct.pack(">Q", value)),
            st.integers(1, 9).map(lambda value: struct.pack(">IQ", 8, value)),
        ),
        max_size=5,
    ).map(b"".join),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(requests=st.lists(st.one_of(REQUESTS, SHAPED), min_size=1, max_size=60))
def test_whatever_is_asked_is_answered_and_stays_inside(
    served: Served, tree: Tree, requests: list[tuple[int, bytes]]
) -> None:
    """One answer for each request, of a known kind; and nothing of what is outside in any of them."""
    client = served.client

    for number, (kind, body) in enumerate(requests):
        client.raw(struct.pack(">IBI", len(body) + 5, kind, number) + body)
        answer, echoed, rest = client.receive()
        assert echoed == number
        assert answer in (101, 102, 103, 104, 105, 201)
        assert b"SECRET" not in rest.data

    assert (tree.outside / "secret").read_text() == "SECRET"
    assert sorted(os.listdir(tree.outside)) == ["deep", "secret"]
    assert sorted(os.listdir(tree.root.parent)) == ["outside", "root"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(data=st.binary(min_size=1, max_size=400))
def test_garbage_ends_in_an_orderly_way(tree: Tree, data: bytes) -> None:
    with connected(server_argv("--root", str(tree.root)), greet=False) as served:
        served.client.raw(data)
        status, errors = served.end()

    assert status in (0, 1)
    assert "Traceback" not in errors
    assert errors.count("\n") <= 1


@pytest.mark.skipif(NOBODY is None, reason="only root becomes somebody else")
def test_a_plain_user_is_enough(client: SftpClient, tree: Tree) -> None:
    client.store(tree.path("f"), b"x")

    assert (tree.root / "f").stat().st_uid == NOBODY
