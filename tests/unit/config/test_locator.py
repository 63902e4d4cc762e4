import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from limavm.config.fetch import fetch
from limavm.config.locator import Template, read
from limavm.errors import NotFoundError, UserError
from tests.unit.config.schemes import Plugins
from tests.unit.config.webserver import Web, serving


def no_input() -> bytes:
    raise AssertionError("standard input was read")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as running:
        running.pages.update({"/dir/Dev.YAML": b"cpus: 1\n", "/a%20b.yaml": b"x", "/bytes.yaml": b"\xff\x00"})
        running.answers.update({"/broken.yaml": (500, {}), "/endless.yaml": (200, {})})
        yield running.url


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
    assert b"\nbase:\n" in found.text
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
        ("/a%20b.yaml", UserError, "the file name makes no name: the name 'a b'"),
        ("/dir/", NotFoundError, "the server answered 404"),
        ("/missing.yaml", NotFoundError, "the server answered 404"),
        ("/broken.yaml", UserError, "the server answered 500"),
        ("/endless.yaml", UserError, "larger than 4 MiB"),
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
        ("", UserError, "the locator is empty"),
        ("\udcff.yaml", UserError, "has to be UTF-8"),
        ("\udcff.img", UserError, "has to be UTF-8"),
        ("template:\udcff", UserError, "has to be UTF-8"),
        ("one:\udcff", UserError, "has to be UTF-8"),
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
        b"os: Linux\narch: aarch64\nimages:\n- location: https://example.com/debian-12-generic-arm64.qcow2\n"
        b"  arch: aarch64\n"
    )
    assert found.warnings == ()
    assert found.name == "debian-12-arm64"


@pytest.mark.parametrize("name", ['a "b" \\ c.img', "a\nb.img", "a: b #c.img", "é.img", "~.img"])
def test_an_image_may_be_called_anything(tmp_path: Path, name: str) -> None:
    found = read(f"{tmp_path}/{name}", stdin=no_input, name="dev")

    assert yaml.safe_load(found.text)["images"][0]["location"] == f"{tmp_path}/{name}"


def test_an_image_of_an_unknown_architecture_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    found = read("disk.img", stdin=no_input)

    assert f"location: {tmp_path}/disk.img\n".encode() in found.text
    assert len(found.warnings) == 1


def test_a_page_may_have_any_bytes(server: str) -> None:
    assert read(f"{server}/bytes.yaml", stdin=no_input, fetch=fetch).text == b"\xff\x00"


@pytest.mark.parametrize(("name", "written"), [("a b", "a b"), ("a b", "a%20b"), ("a%20b", "a%20b"), ("ü", "%C3%BC")])
def test_a_file_url_may_be_encoded_or_not(tmp_path: Path, name: str, written: str) -> None:
    (tmp_path / name).write_bytes(name.encode())

    assert read(f"file://{tmp_path}/{written}", stdin=no_input, name="dev").text == name.encode()


def test_a_plugin_leads_to_another_locator(lima_home: Path) -> None:
    plugin = Plugins({"one": "TWO:x y", "two": "template://debian"})

    found = read("one://a@b", stdin=no_input, plugin=plugin)

    assert plugin.asked == ["one://a@b", "two:x y"]
    assert found.name == "debian"
    assert found.locator == "one://a@b", "what is relative to it is looked for beside it"
    assert len(found.warnings) == 1


def test_a_plugin_leads_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"cpus: 1\n")

    found = read("one:a", stdin=no_input, plugin=Plugins({"one": f"{tmp_path}/x.yaml"}))

    assert (found.locator, found.name) == (f"{tmp_path}/x.yaml", "x")


def test_a_plugin_leads_to_an_image() -> None:
    found = read("one:a", stdin=no_input, plugin=Plugins({"one": "https://example.com/debian-12-amd64.qcow2"}))

    assert b"location: https://example.com/debian-12-amd64.qcow2\n" in found.text


RAW = "https://raw.githubusercontent.com"


def test_github_is_experimental_and_recorded_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.delenv("GH_TOKEN", raising=False)
    api = b'{"default_branch": "main"}'
    web = Web(
        {
            "https://api.github.com/repos/o/o": api,
            "https://api.github.com/repos/o/real": api,
            f"{RAW}/o/o/main/x.yaml": b"github:o/real/y\n",
            f"{RAW}/o/real/main/y.yaml": b"cpus: 1\n",
        }
    )

    found = read("github:o//x", stdin=no_input, fetch=web)

    expected = Template(
        locator="github:o//x", name="y", text=b"cpus: 1\n", warnings=("locators with `github:` are experimental",)
    )
    assert found == expected
    assert web.headers[0]["Authorization"] == "token secret"


def test_a_repository_that_redirects_to_itself_is_an_error() -> None:
    web = Web({f"{RAW}/o/o/main/x.yaml": b"github:o/o/x"})

    with pytest.raises(UserError, match="redirects without an end"):
        read("github:o//x@main", stdin=no_input, fetch=web)


def test_the_file_that_a_repository_has_for_lima_needs_a_name() -> None:
    web = Web({f"{RAW}/o/r/main/.lima.yaml": b"cpus: 1\n"})

    with pytest.raises(UserError, match="the file name makes no name"):
        read("github:o/r@main", stdin=no_input, fetch=web)
    assert read("github:o/r@main", stdin=no_input, fetch=web, name="dev").text == b"cpus: 1\n"


def test_a_directory_whose_name_is_not_utf_8_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = os.path.join(os.fsencode(tmp_path), b"\xff")
    os.mkdir(directory)
    monkeypatch.chdir(os.fsdecode(directory))

    with pytest.raises(UserError, match="has to be UTF-8"):
        read("x.yaml", stdin=no_input)


@given(
    st.one_of(
        st.text(),
        st.builds("{}:{}".format, st.sampled_from(("template", "http", "https", "file", "github", "one")), st.text()),
        st.builds("github:{}".format, st.text(st.sampled_from("ab/.@%:#? \n\\"))),
        st.text(st.sampled_from(":/.-@%ab\0")),
    )
)
def test_whatever_is_typed_is_a_template_or_an_error(locator: str) -> None:
    with contextlib.suppress(UserError):
        read(locator, stdin=lambda: b"", fetch=Web({}), plugin=Plugins({"one": "two:x"}))
