import email.utils
import os
import socket
import sys
from pathlib import Path

import msgspec
import pytest

from limavm.errors import UserError
from limavm.images.download import Client, fetch, last_modified
from limavm.images.part import Part
from tests.unit.images.recording import Sum
from tests.unit.images.server import MODIFIED, Answer, Handler, Server, file, serving

if sys.platform != "win32":
    import resource

BODY = os.urandom(300_000)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "data.part")


def download(server: Server, path: str, client: Client, progress: Sum | None = None) -> bytes:
    with Part(path, server.url) as part:
        fetch(server.url, part, progress or Sum(), client)
    return Path(path).read_bytes()


def ranges(server: Server) -> list[str | None]:
    return [request.headers.get("Range") for request in server.asked()]


def test_a_file_arrives_with_what_the_server_says_of_it(server: Server, path: str, client: Client) -> None:
    server.usual = file(BODY)
    progress = Sum()

    with Part(path, server.url) as part:
        origin = fetch(server.url, part, progress, client)

    assert Path(path).read_bytes() == BODY
    assert (origin.modified, origin.type, origin.size) == (MODIFIED, "test/image", len(BODY))
    assert (progress.done, progress.of) == (len(BODY), len(BODY))


def test_bytes_are_asked_for_as_they_are_stored(server: Server, path: str, client: Client) -> None:
    server.usual = file(BODY)

    download(server, path, client)

    assert server.requests[0].headers["Accept-Encoding"] == "identity"


def test_an_empty_file_is_a_file(server: Server, path: str, client: Client) -> None:
    server.usual = file(b"")

    assert download(server, path, client) == b""


def test_a_cut_connection_goes_on_where_it_ended(server: Server, path: str, client: Client, slept: list[float]) -> None:
    server.script = [file(BODY, cut=100_000), file(BODY, cut=50_000)]
    server.usual = file(BODY)
    progress = Sum()

    assert download(server, path, client, progress) == BODY
    assert ranges(server) == [None, "bytes=100000-", "bytes=150000-"]
    assert server.requests[1].headers["If-Range"] == '"one"'
    assert progress.done == len(BODY)
    assert slept == [1, 1]


def test_another_process_goes_on_where_the_last_one_ended(server: Server, path: str, client: Client) -> None:
    server.script = [file(BODY, cut=1000), lambda handler: handler.answer(403)]
    server.usual = file(BODY)
    with pytest.raises(UserError, match="403"):
        download(server, path, client)

    assert download(server, path, client) == BODY
    assert ranges(server) == [None, "bytes=1000-", "bytes=1000-"]


def test_a_file_that_changed_meanwhile_is_downloaded_again(server: Server, path: str, client: Client) -> None:
    other = os.urandom(250_000)
    server.script = [file(BODY, cut=100_000)]
    server.usual = file(other, etag='"two"')
    progress = Sum()

    assert download(server, path, client, progress) == other
    assert progress.done == len(other)


def test_the_date_serves_when_the_etag_is_weak(server: Server, path: str, client: Client) -> None:
    server.script = [file(BODY, etag='W/"one"', cut=100)]
    server.usual = file(BODY, etag='W/"one"')

    assert download(server, path, client) == BODY
    assert server.requests[1].headers["If-Range"] == MODIFIED


def test_without_a_validator_it_begins_again(server: Server, path: str, client: Client) -> None:
    server.script = [file(BODY, etag="", modified="", cut=100)]
    server.usual = file(BODY, etag="", modified="")

    assert download(server, path, client) == BODY
    assert ranges(server) == [None, None]


@pytest.mark.parametrize(
    "content_range",
    ["bytes 0-299999/300000", "bytes 100000-200000/300000", "bytes 100000-299999/999999", "junk", "", "items 1-2/3"],
)
def test_a_wrong_content_range_begins_again(content_range: str, server: Server, path: str, client: Client) -> None:
    server.script = [
        file(BODY, cut=100_000),
        lambda handler: handler.answer(206, b"x" * 200_000, Content_Range=content_range, ETag='"one"'),
    ]
    server.usual = file(BODY)

    assert download(server, path, client) == BODY
    assert ranges(server) == [None, "bytes=100000-", None]


def test_a_206_with_another_etag_begins_again(server: Server, path: str, client: Client) -> None:
    server.script = [
        file(BODY, cut=100_000),
        lambda handler: handler.answer(206, b"x" * 200_000, Content_Range="bytes 100000-299999/300000", ETag='"two"'),
    ]
    server.usual = file(BODY)

    assert download(server, path, client) == BODY


def test_a_206_that_nobody_asked_for_is_not_used(server: Server, path: str, client: Client) -> None:
    server.script = [lambda handler: handler.answer(206, b"x" * 10, Content_Range="bytes 5-14/15")]
    server.usual = file(BODY)

    assert download(server, path, client) == BODY


def test_a_refused_range_begins_again(server: Server, path: str, client: Client) -> None:
    server.script = [file(BODY, cut=100_000), lambda handler: handler.answer(416)]
    server.usual = file(BODY)

    assert download(server, path, client) == BODY
    assert ranges(server) == [None, "bytes=100000-", None]


def test_a_range_answer_with_more_than_announced_begins_again(server: Server, path: str, client: Client) -> None:
    server.script = [
        file(BODY, cut=100_000),
        lambda handler: handler.answer(206, b"x" * 500_000, Content_Range="bytes 100000-299999/300000", ETag='"one"'),
    ]
    server.usual = file(BODY)

    assert download(server, path, client) == BODY


def chunked(body: bytes, *, whole: bool) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(body), body) + (b"0\r\n\r\n" if whole else b"ff\r\n"))
        handler.hang_up()

    return answer


def test_a_body_in_chunks_is_read_to_its_end(server: Server, path: str, client: Client) -> None:
    server.script = [chunked(BODY[:5000], whole=False), chunked(BODY, whole=True)]

    assert download(server, path, client) == BODY


def test_a_complete_part_needs_no_request(server: Server, path: str, client: Client) -> None:
    server.usual = file(BODY)
    download(server, path, client)
    server.requests.clear()

    assert download(server, path, client) == BODY
    assert server.requests == []


@pytest.mark.parametrize("junk", [b"", b"{", b"null", b'{"url": 5}', b'{"url": "http://elsewhere.invalid/"}'])
def test_a_part_of_unknown_origin_is_thrown_away(junk: bytes, server: Server, path: str, client: Client) -> None:
    server.usual = file(BODY)
    Path(path).write_bytes(b"junk" * 1000)
    Path(path + ".json").write_bytes(junk)

    assert download(server, path, client) == BODY
    assert ranges(server) == [None]


def test_a_part_larger_than_the_file_is_thrown_away(server: Server, path: str, client: Client) -> None:
    server.usual = file(BODY)
    download(server, path, client)
    with open(path, "ab") as grown:
        grown.write(b"junk")

    assert download(server, path, client) == BODY


def test_redirects_are_followed(server: Server, path: str, client: Client) -> None:
    server.script = [lambda handler: handler.answer(302, Location="/elsewhere")]
    server.usual = file(BODY)

    assert download(server, path, client) == BODY
    assert [request.path for request in server.requests] == ["/image.img", "/elsewhere"]


def test_a_redirected_download_goes_on_too(server: Server, path: str, client: Client) -> None:
    def elsewhere(handler: Handler) -> None:
        handler.answer(302, Location="/elsewhere")

    server.script = [elsewhere, file(BODY, cut=1000), elsewhere]
    server.usual = file(BODY)

    assert download(server, path, client) == BODY
    assert server.requests[-1].headers["Range"] == "bytes=1000-"


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
def test_redirects_lead_to_http_only(target: str, server: Server, path: str, client: Client) -> None:
    server.usual = lambda handler: handler.answer(302, Location=target)

    with pytest.raises(UserError):
        download(server, path, client)


def test_redirects_in_a_circle_end(server: Server, path: str, client: Client) -> None:
    server.usual = lambda handler: handler.answer(302, Location="/image.img")

    with pytest.raises(UserError, match="302"):
        download(server, path, client)


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("100000", 60.0), ("", 1.0), ("soon", 1.0), ("-3", 1.0)])
def test_a_busy_server_is_asked_again_when_it_says(
    asked: str, waited: float, server: Server, path: str, client: Client, slept: list[float]
) -> None:
    server.script = [lambda handler: handler.answer(503, Retry_After=asked)]
    server.usual = file(BODY)

    assert download(server, path, client) == BODY
    assert slept == [waited]


def test_a_busy_server_may_name_a_date(server: Server, path: str, client: Client, slept: list[float]) -> None:
    date = email.utils.formatdate(client.now() + 12, usegmt=True)
    server.script = [lambda handler: handler.answer(429, Retry_After=date)]
    server.usual = file(BODY)

    download(server, path, client)

    assert slept == [12]


def test_a_server_that_stays_busy_is_given_up_after_growing_delays(
    server: Server, path: str, client: Client, slept: list[float]
) -> None:
    server.usual = lambda handler: handler.answer(500)

    with pytest.raises(UserError, match="the server answered 500"):
        download(server, path, client)

    assert slept == [1, 2, 4, 8, 16]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_final(status: int, server: Server, path: str, client: Client, slept: list[float]) -> None:
    server.usual = lambda handler: handler.answer(status)

    with pytest.raises(UserError, match=f"the server answered {status}"):
        download(server, path, client)

    assert slept == []


@pytest.mark.parametrize("status", [201, 204, 304])
def test_an_answer_without_the_file_is_final(status: int, server: Server, path: str, client: Client) -> None:
    server.usual = lambda handler: handler.answer(status)

    with pytest.raises(UserError, match=f"answered {status}"):
        download(server, path, client)


def test_a_server_that_is_not_there_is_tried_twice(path: str, client: Client, slept: list[float]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/x"

        with Part(path, url) as part, pytest.raises(UserError, match="Connection refused") as caught:
            fetch(url, part, Sum(), client)

    assert slept == [1]
    assert caught.value.where == url


def test_silence_is_not_waited_for_twice(path: str, client: Client, slept: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"

        with Part(path, url) as part, pytest.raises(UserError, match="nothing came for too long"):
            fetch(url, part, Sum(), msgspec.structs.replace(client, timeout=0.05))

    assert slept == []


def test_a_server_that_vanishes_in_the_middle_is_waited_for(path: str, client: Client) -> None:
    slept: list[float] = []
    with serving() as other:
        other.usual = file(BODY, cut=1000)

        def leave(delay: float) -> None:
            slept.append(delay)
            if len(slept) == 1:
                other.shutdown()
                other.server_close()

        with Part(path, other.url) as part, pytest.raises(UserError, match="Connection refused") as caught:
            fetch(other.url, part, Sum(), msgspec.structs.replace(client, sleep=leave))

    assert slept == [1, 2, 4, 8, 16]
    assert "the first 1000 bytes are kept" in str(caught.value.hint)


def test_a_stalled_download_goes_on(server: Server, path: str, client: Client) -> None:
    with serving() as other:

        def stall(handler: Handler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(BODY)))
            handler.send_header("ETag", '"one"')
            handler.end_headers()
            handler.wfile.write(BODY[:70_000])
            handler.wfile.flush()
            handler.connection.recv(1)  # until the client gives up

        other.script = [stall]
        other.usual = file(BODY)

        assert download(other, path, msgspec.structs.replace(client, timeout=0.2)) == BODY
        assert ranges(other)[0] is None
        assert ranges(other)[-1] is not None


@pytest.mark.parametrize("answer", [b"", b"junk\r\n\r\n", b"HTTP/1.1 banana\r\n\r\n", b"HTTP/1.1 200 OK\r\nx"])
def test_what_is_not_http_is_an_error(answer: bytes, server: Server, path: str, client: Client) -> None:
    def talk(handler: Handler) -> None:
        handler.wfile.write(answer)
        handler.hang_up()

    server.script = [talk]
    server.usual = file(BODY)

    assert download(server, path, client) == BODY


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "http://",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "http://[::1",
        "http://127.0.0.1:port/",
        "s3://b/k",
    ],
)
def test_an_unusable_address_is_an_error(url: str, path: str, client: Client) -> None:
    with Part(path, url) as part, pytest.raises(UserError):
        fetch(url, part, Sum(), client)


def test_an_address_with_spaces_is_an_error(server: Server, path: str, client: Client) -> None:
    url = server.url + " x\ny"

    with Part(path, url) as part, pytest.raises(UserError, match="cannot be used"):
        fetch(url, part, Sum(), client)


def test_a_proxy_of_the_environment_is_used(
    server: Server, path: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url.rpartition("/")[0])
    server.usual = file(BODY)

    with Part(path, "http://images.invalid/a") as part:
        fetch("http://images.invalid/a", part, Sum(), client)

    assert server.requests[0].path == "http://images.invalid/a"


def test_no_proxy_is_respected(server: Server, path: str, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server.usual = file(BODY)

    assert download(server, path, client) == BODY


def test_a_proxy_that_refuses_tunnels_is_an_error(
    server: Server, path: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", server.url.rpartition("/")[0])

    with Part(path, "https://images.invalid/a") as part, pytest.raises(UserError, match="Tunnel connection failed"):
        fetch("https://images.invalid/a", part, Sum(), client)


if sys.platform != "win32":

    def test_a_full_disk_is_not_retried(server: Server, path: str, client: Client, slept: list[float]) -> None:
        server.usual = file(BODY)
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
        try:
            with pytest.raises(UserError, match="cannot be stored"):
                download(server, path, client)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)

        assert slept == []


def test_the_date_of_a_file_is_asked_without_its_body(server: Server, client: Client) -> None:
    server.usual = file(BODY)

    assert last_modified(server.url, client) == MODIFIED
    assert [request.method for request in server.requests] == ["HEAD"]


@pytest.mark.parametrize("status", [404, 405, 500, 416])
def test_a_date_that_nobody_tells_is_an_error(status: int, server: Server, client: Client) -> None:
    server.usual = lambda handler: handler.answer(status)

    with pytest.raises(UserError):
        last_modified(server.url, client)
