import pytest

from limavm.config.errors import ConfigError
from limavm.config.located import bases, files, make_absolute, read_place
from limavm.config.locator import Template
from limavm.errors import UserError
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


def test_a_file_that_cannot_be_read_is_an_error_with_what_the_reader_says() -> None:
    def refuse(locator: str) -> Template:
        raise UserError("the server answered 500", where=f"{locator}?", hint="try again")

    with pytest.raises(ConfigError) as caught:
        read_place(bases(node("base: https://h/a\n"))[0], refuse, "the base", " (x → y)")

    message = "the base 'https://h/a' cannot be read: the server answered 500 (https://h/a?) (x → y)"
    assert str(caught.value) == f"test:1: base: {message}\n  hint:  try again"


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
