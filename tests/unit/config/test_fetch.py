from collections.abc import Iterator

import pytest

from limavm.config.fetch import fetch
from limavm.config.page import Page
from limavm.config.yamltext import MAX_BYTES
from limavm.errors import UserError
from tests.unit.config.webserver import Server, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as running:
        yield running


def test_a_page_is_fetched_with_headers(server: Server) -> None:
    server.pages["/a"] = b"cpus: 1\n"

    assert fetch(f"{server.url}/a", {"Accept": "text/plain"}) == Page(status=200, reason="OK", body=b"cpus: 1\n")
    _, headers = server.requests[0]
    assert headers["Accept"] == "text/plain"
    assert headers["User-Agent"].startswith("limavm/")


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 503])
def test_every_status_is_an_answer(server: Server, status: int) -> None:
    server.answers["/a"] = (status, {})

    page = fetch(f"{server.url}/a")

    assert (page.status, page.body, page.found) == (status, b"an error page", False)


def test_no_more_of_an_endless_page_is_read_than_a_template_may_have(server: Server) -> None:
    server.answers["/endless"] = (200, {})

    assert len(fetch(f"{server.url}/endless").body) == MAX_BYTES + 1


def test_a_server_that_takes_too_long_is_given_up(server: Server) -> None:
    server.answers["/slow"] = (200, {"Content-Length": "100000"})

    with pytest.raises(UserError, match=r"the page did not come within 0\.2 s\n"):
        fetch(f"{server.url}/slow", deadline=0.2)


def test_redirects_are_followed(server: Server) -> None:
    server.answers["/old"] = (301, {"Location": "/new"})
    server.pages["/new"] = b"x"

    assert fetch(f"{server.url}/old").body == b"x"


@pytest.mark.parametrize("target", ["/loop", "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x"])
def test_redirects_that_lead_nowhere_are_an_error(server: Server, target: str) -> None:
    server.answers["/loop"] = (302, {"Location": target})

    with pytest.raises(UserError, match="the server redirects in a circle, or to where nobody can follow"):
        fetch(f"{server.url}/loop")


def test_a_token_does_not_follow_a_redirect_to_another_server(server: Server) -> None:
    with serving() as other:
        server.answers["/here"] = (302, {"Location": "/near"})
        server.answers["/near"] = (302, {"Location": f"{other.url}/there"})
        other.pages["/there"] = b"x"

        assert fetch(f"{server.url}/here", {"Authorization": "token secret"}).body == b"x"

        assert [headers.get("Authorization") for _, headers in server.requests] == ["token secret"] * 2
        assert "Authorization" not in other.requests[0][1]


def test_characters_that_no_url_has_are_encoded(server: Server) -> None:
    fetch(f"{server.url}/a b/é%20?x=1&y=ü")

    assert server.requests[0][0] == "/a%20b/%C3%A9%20?x=1&y=%C3%BC"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:1/x.yaml", "cannot be fetched: Connection refused\n"),
        ("http://127.0.0.1:99999/x.yaml", "cannot be fetched"),
        ("http://127.0.0.1:x/y", "cannot be fetched"),
        ("http://[", "cannot be fetched"),
        ("http://", "cannot be fetched: no host given"),
        ("https:x", "cannot be fetched"),
    ],
)
def test_an_address_without_a_server_is_an_error(monkeypatch: pytest.MonkeyPatch, url: str, message: str) -> None:
    monkeypatch.setenv("no_proxy", "*")

    with pytest.raises(UserError, match=message):
        fetch(url)
