import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.images.build.sources import (
    DEFAULT_ARCHIVE,
    DEFAULT_SECURITY,
    Mirror,
    Source,
    choose_mirror,
    parse_deb822,
    parse_list,
)

DEFAULT = Mirror(archive=DEFAULT_ARCHIVE, updates=True, security=DEFAULT_SECURITY)


def test_the_one_line_format_is_read() -> None:
    text = """
    # a comment
    deb http://a.test/debian bookworm main contrib # trailing
    deb-src http://a.test/debian bookworm main
    deb [arch=amd64 signed-by=/k/debian-archive-keyring.gpg] https://b.test/debian trixie main
    deb
    deb http://c.test
    nonsense
    """

    assert list(parse_list(text)) == [
        Source(uris=("http://a.test/debian",), suites=("bookworm",), components=("main", "contrib")),
        Source(
            uris=("https://b.test/debian",),
            suites=("trixie",),
            components=("main",),
            signed_by="/k/debian-archive-keyring.gpg",
        ),
    ]


def test_the_stanza_format_is_read() -> None:
    text = """\
Types: deb deb-src
# where it is
URIs: http://a.test/debian
 http://b.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /k/debian-archive-keyring.gpg

Types: deb
Enabled: no
URIs: http://off.test/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://src.test/debian
Suites: bookworm
Components: main
"""

    assert list(parse_deb822(text)) == [
        Source(
            uris=("http://a.test/debian", "http://b.test/debian"),
            suites=("bookworm", "bookworm-updates"),
            components=("main",),
            signed_by="/k/debian-archive-keyring.gpg",
        )
    ]


def test_archive_updates_and_security_are_told_apart() -> None:
    sources = list(
        parse_list(
            "deb http://a.test/debian/ bookworm main\n"
            "deb http://a.test/debian bookworm-updates main\n"
            "deb http://s.test/debian-security bookworm-security main\n"
        )
    )

    assert choose_mirror(sources) == Mirror(
        archive="http://a.test/debian", updates=True, security="http://s.test/debian-security"
    )


def test_an_archive_alone_is_enough() -> None:
    assert choose_mirror(parse_list("deb http://a.test/debian bookworm main")) == Mirror(archive="http://a.test/debian")


def test_third_parties_with_suites_of_the_same_name_are_passed_over() -> None:
    sources = [
        *parse_list("deb http://php.test/php bookworm main\ndeb http://x.test/apt cloud-sdk-bookworm main"),
        *parse_list("deb http://docker.test/linux/debian bookworm stable"),
        *parse_list("deb http://a.test/debian bookworm main"),
    ]

    assert choose_mirror(sources).archive == "http://a.test/debian"


def test_the_archive_keyring_tells_more_than_a_path() -> None:
    sources = parse_list(
        "deb http://third.test/debian bookworm main\n"
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://own.test/mirror bookworm main\n"
    )

    assert choose_mirror(sources).archive == "http://own.test/mirror"


def test_of_equal_entries_the_first_is_taken() -> None:
    sources = parse_list("deb http://a.test/debian bookworm main\ndeb http://b.test/debian bookworm main\n")

    assert choose_mirror(sources).archive == "http://a.test/debian"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "deb cdrom:[Debian]/ bookworm main",
        "deb file:/srv/debian bookworm main",
        "deb http://u.test/ubuntu noble main",
        "deb http://a.test/debian bookworm contrib",
        'deb http://a.test/"$(reboot)" bookworm main',
    ],
)
def test_without_a_usable_archive_the_public_one_is_taken(text: str) -> None:
    assert choose_mirror(parse_list(text)) == DEFAULT


@given(st.text(alphabet=st.sampled_from("deb htp:/.[]=#\n\t Types:URIsSuComponentsmainbookworm")))
def test_any_text_is_read_without_an_error(text: str) -> None:
    mirror = choose_mirror([*parse_list(text), *parse_deb822(text)])

    assert mirror.archive.startswith(("http://", "https://"))
    assert not any(blank in mirror.archive for blank in "\n\t ")
