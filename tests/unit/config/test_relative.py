import os
from pathlib import Path

import pytest

from limavm.config.relative import absolute_locator, base_path, scheme_of

#: Paths with a leading slash have a drive on Windows.
posix = pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")


def home() -> str:
    return "/home/me"


@posix
@pytest.mark.parametrize(
    ("locator", "base"),
    [
        ("/a/b.yaml", "/a"),
        ("/b.yaml", "/"),
        ("template:foo", "template:"),
        ("template:foo/bar", "template:foo"),
        ("template://foo", "template:"),
        ("template://foo/bar", "template:foo"),
        ("https://host/a/b", "https://host/a"),
        ("https://host:8080/a/b?query=/c/d#e", "https://host:8080/a"),
        ("https://host/b", "https://host"),
        ("https://host", "https://host"),
        ("http://user@host/a%20b/c", "http://user@host/a%20b"),
        ("file:///a/b", "file:///a"),
        ("file:///b", "file:///"),
        ("github:org/repo/dir/f@ref", "github:org/repo/dir"),
        ("github:org/repo/f@feature/x", "github:org/repo"),
        ("github:org/repo/dir/", "github:org/repo/dir"),
        ("github:org/repo", "github:org/repo"),
        ("github:org", "github:org/org"),
        ("github:org//f", "github:org/org"),
        ("plugin:a/b", "plugin:a"),
        ("plugin:b", "plugin:"),
    ],
)
def test_the_base_path_is_the_locator_without_its_last_element(locator: str, base: str) -> None:
    assert base_path(locator) == base


@pytest.mark.parametrize("locator", ["", "-"])
def test_a_text_without_a_place_is_in_the_current_directory(locator: str) -> None:
    assert base_path(locator) == str(Path.cwd())


@posix
@pytest.mark.parametrize(
    ("locator", "origin", "absolute"),
    [
        ("b.yaml", "/a/t.yaml", "/a/b.yaml"),
        ("./b.yaml", "/a/t.yaml", "/a/b.yaml"),
        ("c//./b.yaml", "/a/t.yaml", "/a/c/b.yaml"),
        ("b.yaml", "template:t", "template:b.yaml"),
        ("b", "template:dir/t", "template:dir/b"),
        ("./b", "template://dir/t", "template:dir/b"),
        ("b.yaml", "https://host/a/t.yaml?x=1", "https://host/a/b.yaml"),
        ("b c?.yaml", "https://host/t.yaml", "https://host/b%20c%3F.yaml"),
        ("b%20c%.yaml", "https://host/t.yaml", "https://host/b%20c%25.yaml"),
        ("ä.yaml", "https://host/t.yaml", "https://host/%C3%A4.yaml"),
        ("b.yaml", "file:///a/t.yaml", "file:///a/b.yaml"),
        ("b.yaml", "file:///t.yaml", "file:///b.yaml"),
        ("b.yaml", "github:org/repo/dir/t.yaml@v1", "github:org/repo/dir/b.yaml@v1"),
        ("b.yaml@v2", "github:org/repo/t.yaml@v1", "github:org/repo/b.yaml@v2"),
        ("b.yaml", "github:org", "github:org/org/b.yaml"),
        ("b", "plugin:a/t", "plugin:a/b"),
        # Absolute ones stay, paths are cleaned.
        ("/x/./y//b.yaml", "template:t", "/x/y/b.yaml"),
        ("/x/../b.yaml", "template:t", "/b.yaml"),
        ("//x", "template:t", "/x"),
        ("template:b", "/a/t.yaml", "template:b"),
        ("https://host/b", "/a/t.yaml", "https://host/b"),
        ("~", "template:t", "/home/me"),
        ("~/b.yaml", "template:t", "/home/me/b.yaml"),
        # Not a home directory, not a scheme.
        ("~you/b", "/a/t.yaml", "/a/~you/b"),
        ("foo_x:bar", "/a/t.yaml", "/a/foo_x:bar"),
        ("c:bar", "/a/t.yaml", "/a/c:bar"),
        ("foo-x:bar", "/a/t.yaml", "foo-x:bar"),
    ],
)
def test_a_locator_is_made_absolute(locator: str, origin: str, absolute: str) -> None:
    assert absolute_locator(locator, origin, home) == absolute


@pytest.mark.parametrize(
    ("locator", "sentence"),
    [
        ("", "the locator is empty"),
        ("../b.yaml", "leaves the directory"),
        ("a/../../b.yaml", "leaves the directory"),
        ("..\\b.yaml", "leaves the directory"),
        ("..", "leaves the directory"),
        ("a/..", "leaves the directory"),
    ],
)
@pytest.mark.parametrize("origin", ["/a/t.yaml", "template:t", "https://host/t", "-"])
def test_a_relative_locator_stays_below_its_template(locator: str, sentence: str, origin: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        absolute_locator(locator, origin, home)


@pytest.mark.parametrize(
    ("locator", "scheme"),
    [("HTTPS://x", "https"), ("a+b.c-1:x", "a+b.c-1"), ("c:\\x", ""), ("1a:x", ""), ("a b:x", "")],
)
def test_a_scheme_has_more_than_one_letter(locator: str, scheme: str) -> None:
    assert scheme_of(locator) == scheme
