import json

import pytest

from limavm.config.github import Place, parse, transformed
from limavm.errors import NotFoundError, UserError
from tests.unit.config.webserver import Web

API = "https://api.github.com/repos"
RAW = "https://raw.githubusercontent.com"


def branch(name: str) -> bytes:
    return json.dumps({"default_branch": name, "id": 1}).encode()


@pytest.mark.parametrize(
    ("text", "org", "repo", "path", "ref"),
    [
        ("o", "o", "o", ".lima.yaml", ""),
        ("o/", "o", "o", ".lima.yaml", ""),
        ("o/r", "o", "r", ".lima.yaml", ""),
        ("o//p", "o", "o", "p.yaml", ""),
        ("o/r/", "o", "r", ".lima.yaml", ""),
        ("o/r/dir/", "o", "r", "dir/.lima.yaml", ""),
        ("o/r/dir/x", "o", "r", "dir/x.yaml", ""),
        ("o/r/dir/x.yml", "o", "r", "dir/x.yml", ""),
        ("o/r/x.sh@main", "o", "r", "x.sh", "main"),
        ("o/r/.hidden", "o", "r", ".hidden.yaml", ""),
        ("o/r/x@a/b@c", "o", "r", "x.yaml", "a/b@c"),
        ("o/r/a/../x", "o", "r", "a/../x.yaml", ""),
    ],
)
def test_what_a_locator_means(text: str, org: str, repo: str, path: str, ref: str) -> None:
    assert parse(text) == Place(org=org, repo=repo, path=path, ref=ref)


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "/r", "@main", "..", "../r", "o/..", "o/../x", "o/.", "o/r/..", "o/r/../x", "o/r/a/../../x"),
        *("o/r//../x", "o/r/x@..", "o/r/x@../y", "o/r/x@a/../../b", "o/r/%2e%2e/%2e%2e/x", "o/r/x@%2e%2e/y"),
        *("o/r/x?y", "o/r/x#y", "o/r/a b", "o/r/..\\x", "o/r/x\ny"),
    ],
)
def test_a_locator_that_names_nothing_or_leads_out_of_the_repository_is_refused(text: str) -> None:
    web = Web({})

    with pytest.raises(UserError):
        transformed(text, web)

    assert web.asked == []


def test_a_file_of_the_default_branch() -> None:
    web = Web({f"{API}/o/r": branch("trunk"), f"{RAW}/o/r/trunk/.lima.yaml": b"cpus: 1\n"})

    assert transformed("o/r", web) == f"{RAW}/o/r/trunk/.lima.yaml"
    assert dict(web.headers[0]) == {"User-Agent": "lima", "Accept": "application/vnd.github.v3+json"}


def test_a_token_goes_to_the_api_only() -> None:
    web = Web({f"{API}/o/r": branch("main"), f"{RAW}/o/r/main/x.yaml": b"cpus: 1\n"})

    transformed("o/r/x", web, "secret")

    assert [headers.get("Authorization") for headers in web.headers] == ["token secret", None]


def test_a_file_that_is_no_template_is_not_fetched() -> None:
    web = Web({})

    assert transformed("o/r/a/../install.sh@v1", web) == f"{RAW}/o/r/v1/install.sh"
    assert web.asked == []


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b"other.yaml", "dir/other.yaml"),
        (b"../other.yaml", "other.yaml"),
        (b"sub/../other.yaml", "dir/other.yaml"),
        (b"/other.yaml", "dir/other.yaml"),
        (b"cpus: 1", "dir/x.yaml"),
        (b"a\nb", "dir/x.yaml"),
        (b"other.yaml\n", "dir/x.yaml"),
        (b"", "dir/x.yaml"),
        (b"x" * 2000, "dir/x.yaml"),
    ],
)
def test_a_symbolic_link_is_followed(content: bytes, path: str) -> None:
    web = Web({f"{RAW}/o/r/main/dir/x.yaml": content})

    assert transformed("o/r/dir/x@main", web) == f"{RAW}/o/r/main/{path}"


@pytest.mark.parametrize("content", [b"../../x", b"..", b"../..", b"a/../../../b", b"%2e%2e/%2e%2e/x", b"x?y", b"x#y"])
def test_a_symbolic_link_out_of_the_repository_is_refused(content: bytes) -> None:
    web = Web({f"{RAW}/o/r/main/x.yaml": content, f"{RAW}/o/r/main/dir/x.yaml": content})

    with pytest.raises(UserError, match="leads out of the repository"):
        transformed("o/r/x@main", web)


@pytest.mark.parametrize(
    ("text", "target"),
    [("o//x@v1", "github:o/real/y@v1"), ("o//x", "github:o/real/y"), ("o/o/x@a/b", "github:o/real/y@a/b")],
)
def test_a_repository_called_like_its_owner_redirects(text: str, target: str) -> None:
    page = b"github:o/real/y \nmore\n"
    web = Web({f"{API}/o/o": branch("main"), **{f"{RAW}/o/o/{ref}/x.yaml": page for ref in ("main", "v1", "a/b")}})

    assert transformed(text, web) == target


def test_other_repositories_do_not_redirect() -> None:
    web = Web({f"{RAW}/o/r/main/x.yaml": b"github:o/real/y"})

    assert transformed("o/r/x@main", web) == f"{RAW}/o/r/main/x.yaml"


def test_a_branch_that_only_the_other_repository_has_is_passed_on() -> None:
    web = Web({f"{API}/o/o": branch("main"), f"{RAW}/o/o/main/x.yaml": b"github:o/real/y"})

    assert transformed("o//x@v9", web) == "github:o/real/y@v9"


def test_a_missing_branch_of_a_file_that_does_not_redirect_is_an_error() -> None:
    web = Web({f"{API}/o/o": branch("main"), f"{RAW}/o/o/main/x.yaml": b"cpus: 1\n"})

    with pytest.raises(UserError, match=r"has to redirect to github:o/…, and begins with 'cpus: 1'"):
        transformed("o//x@v9", web)


@pytest.mark.parametrize("content", [b"github:evil/real/y", b"github:o2/x", b"github:o", b"github:o/real/y@main"])
def test_a_redirect_to_another_owner_or_branch_is_refused(content: bytes) -> None:
    web = Web({f"{RAW}/o/o/main/x.yaml": content})

    with pytest.raises(UserError, match="redirect"):
        transformed("o//x@main", web)


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (404, NotFoundError, "GitHub answered 404 Not Found"),
        (403, UserError, "GitHub answered 403"),
        (b"{}", UserError, "no default branch"),
        (b'{"default_branch": ""}', UserError, "no default branch"),
        (b'{"default_branch": "../x"}', UserError, "no default branch"),
        (b'{"default_branch": 1}', UserError, "no description of a repository"),
        (b"<html>", UserError, "no description of a repository"),
        (b"\xff", UserError, "no description of a repository"),
        (b"[" * 100_000, UserError, "no description of a repository"),
    ],
)
def test_an_api_that_does_not_tell_the_branch_is_an_error(
    answer: bytes | int, kind: type[UserError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        transformed("o/r", Web({f"{API}/o/r": answer}))


@pytest.mark.parametrize(("status", "kind"), [(404, NotFoundError), (500, UserError)])
def test_a_file_that_is_refused_is_an_error(status: int, kind: type[UserError]) -> None:
    with pytest.raises(kind, match=f"GitHub answered {status}"):
        transformed("o/r/x@main", Web({f"{RAW}/o/r/main/x.yaml": status}))


def test_a_file_that_is_no_text_is_not_a_link() -> None:
    web = Web({f"{RAW}/o/r/main/x.yaml": b"\xff\xfe\x00:"})

    assert transformed("o/r/x@main", web) == f"{RAW}/o/r/main/x.yaml"
