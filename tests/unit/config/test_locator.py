import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from limavm.config.fetch import fetch
from limavm.config.locator import Template, read
from limavm.errors import NotFoundError, UserError


def no_input() -> bytes:
    raise AssertionError("standard input was read")


class Handler(BaseHTTPRequestHandler):
    pages = {"/dir/Dev.YAML": b"cpus: 1\n", "/large.yaml": b"#" * (5 << 20), "/a%20b.yaml": b"x"}

    def do_GET(self) -> None:
        body = self.pages.get(self.path.partition("?")[0])
        self.send_response(200 if body is not None else 500 if "broken" in self.path else 404)
        self.end_headers()
        try:
            self.wfile.write(body or b"an error page")
        except (BrokenPipeError, ConnectionResetError):
            return

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def test_a_path_is_recorded_as_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "My.yml").write_bytes(b"cpus: 1\n")
    monkeypatch.chdir(tmp_path)

    assert read("My.yml", stdin=no_input) == Template(locator=f"{tmp_path}/My.yml", name="my", text=b"cpus: 1\n")
    assert read(f"file://{tmp_path}/My.yml", stdin=no_input).name == "my"


def test_standard_input_has_no_name() -> None:
    assert read("-", stdin=lambda: b"a: 1") == Template(locator="-", name=None, text=b"a: 1")


@pytest.mark.parametrize("locator", ["template:default", "template:debian", "template:debian-13"])
def test_the_built_in_templates_have_names(lima_home: Path, locator: str) -> None:
    found = read(locator, stdin=no_input)

    assert found.name == locator.removeprefix("template:")
    assert b"images:" in found.text
    assert found.warnings == ()


def test_the_old_form_of_a_template_warns(lima_home: Path) -> None:
    found = read("template://debian", stdin=no_input)

    assert found.locator == "template:debian"
    assert found.warnings == ("`template://debian` is the old form of `template:debian`",)


def test_a_page_is_fetched(server: str) -> None:
    found = read(f"{server}/dir/Dev.YAML?x=1", stdin=no_input, fetch=fetch)

    assert (found.name, found.text) == ("dev", b"cpus: 1\n")


@pytest.mark.parametrize(
    ("page", "kind", "message"),
    [
        ("/missing.yaml", NotFoundError, "the server answered 404"),
        ("/broken.yaml", UserError, "the server answered 500"),
        ("/large.yaml", UserError, "larger than 4 MiB"),
    ],
)
def test_a_page_that_is_no_template_is_refused(server: str, page: str, kind: type[UserError], message: str) -> None:
    with pytest.raises(kind, match=message):
        read(server + page, stdin=no_input, fetch=fetch)


@pytest.mark.parametrize(
    ("locator", "kind", "message"),
    [
        ("missing.yaml", NotFoundError, "does not exist"),
        ("template:missing", NotFoundError, "no template 'missing'"),
        ("template:../x", UserError, "no name of a template"),
        ("template:", UserError, "no name of a template"),
        ("template:/etc/passwd", UserError, "no name of a template"),
        ("file:x.yaml", UserError, "file:///absolute/path"),
        ("file://x.yaml", UserError, "file:///absolute/path"),
        ("foo:bar", NotFoundError, "no plugin limactl-url-foo for the scheme foo:, and no such file"),
        ("a\0b", UserError, "NUL"),
        ("template:a\0b", UserError, "NUL"),
        ("x" * 4000, UserError, "cannot be read: File name too long"),
        ("template:" + "x" * 4000, UserError, "cannot be read: File name too long"),
        ("y" * 10_000, UserError, "cannot have more than 4096 characters"),
        ("http://[", UserError, "nothing is fetched here"),
        ("http://example.com/x.yaml", UserError, "nothing is fetched here"),
        ("", UserError, "read|name"),
        ("/", UserError, "read|name"),
    ],
)
def test_a_locator_that_leads_nowhere_is_an_error(
    lima_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locator: str, kind: type[UserError], message: str
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(kind, match=message):
        read(locator, stdin=no_input)


@pytest.mark.parametrize("name", [".lima.yaml", "a b.yaml", "x" * 80 + ".yaml", "é.yaml"])
def test_a_file_name_that_makes_no_instance_name_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")

    with pytest.raises(UserError, match="the file name makes no name"):
        read(str(tmp_path / name), stdin=no_input)


def test_a_file_of_any_name_may_be_used_when_the_instance_has_one(tmp_path: Path) -> None:
    (tmp_path / "My File.yaml").write_bytes(b"cpus: 1\n")

    assert read(str(tmp_path / "My File.yaml"), stdin=no_input, name="dev").name == "dev"
    assert read("-", stdin=lambda: b"cpus: 1\n", name="dev").name == "dev"


def test_a_directory_is_no_template(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: Is a directory\n"):
        read(str(tmp_path), stdin=no_input)


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"#" * (5 << 20))

    with pytest.raises(UserError, match="larger than 4 MiB"):
        read(str(tmp_path / "x.yaml"), stdin=no_input)
    with pytest.raises(UserError, match="larger than 4 MiB"):
        read("-", stdin=lambda: b"#" * (5 << 20))


def test_an_image_makes_its_own_template() -> None:
    found = read("https://example.com/debian-12-generic-arm64.qcow2", stdin=no_input)

    assert found.text == (
        b'os: Linux\narch: aarch64\nimages:\n- location: "https://example.com/debian-12-generic-arm64.qcow2"\n'
        b"  arch: aarch64\n"
    )
    assert found.warnings == ()
    assert found.name == "debian-12-arm64"


def test_an_image_of_an_unknown_architecture_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    found = read("disk.img", stdin=no_input)

    assert f'location: "{tmp_path}/disk.img"'.encode() in found.text
    assert len(found.warnings) == 1
