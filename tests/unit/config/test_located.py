import pytest

from limavm.config.errors import ConfigError
from limavm.config.located import bases, files, make_absolute
from tests.unit.config.embedding import node


def home() -> str:
    return "/home/me"


@pytest.mark.parametrize(
    ("text", "locators"),
    [
        ("cpus: 1\n", []),
        ("base: null\n", []),
        ("base: []\n", []),
        ("base: a\n", ["a"]),
        ("base: [a, {url: b, digest: c}, 4]\n", ["a", "b", "4"]),
        ("base: 4.0\n", ["4"]),
        ("base: [{}, null]\n", ["", ""]),
    ],
)
def test_bases_are_a_locator_or_a_list_of_them(text: str, locators: list[str]) -> None:
    assert [place.locator for place in bases(node(text))] == locators


def test_places_know_their_keys() -> None:
    root = node("base: [a, template:b]\nprovision:\n- script: x\n- file: c\nprobes:\n- file: {url: Template:d}\n")
    places = [*bases(root), *(place for name in ("provision", "probes") for _, place in files(root, name))]

    assert [(place.key, place.is_template) for place in places] == [
        ("base[0]", False),
        ("base[1]", True),
        ("provision[1].file", False),
        ("probes[0].file", True),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base: {url: a}\n", "test:1: base: must be a locator, or a list of them; write a `-` before this one"),
        ("base: [{url: {}}]\n", "test:1: base[0]: must be a locator, or a mapping with `url` and `digest`"),
        ("base: [{a: b}]\n", "test:1: base[0]: the locator is empty"),
        ("base:\n- url: a\n  digest: [b]\n", "test:3: base[0].digest: must be a digest such as sha256:HEX"),
    ],
)
def test_what_is_no_locator_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_absolute(node(text), "/t/t.yaml", home)

    assert str(caught.value) == message


def test_quotes_stay_and_come_where_they_are_needed() -> None:
    root = node("base: [a, 'b', \"c\", ~/d]\n")

    assert make_absolute(root, "/t #1/t.yaml", home)
    assert [(item.value, item.style) for item in root.pairs[0][1].items] == [
        ("/t #1/a", ""),
        ("/t #1/b", "single"),
        ("/t #1/c", "double"),
        ("/home/me/d", ""),
    ]
    assert not make_absolute(root, "/t #1/t.yaml", home)
