import pytest

from limavm.errors import UserError
from limavm.images.build.location import Location, is_build, parse_location


def test_a_suite_alone_is_a_location() -> None:
    assert parse_location("mmdebstrap:trixie") == Location(suite="trixie", variant="apt")


def test_options_are_a_query_string() -> None:
    location = parse_location(
        "mmdebstrap:bookworm?include=git,g%2B%2B,acl&variant=important&mirror=http://a.test/debian"
    )

    assert location == Location(
        suite="bookworm", include=("acl", "g++", "git"), variant="important", mirror="http://a.test/debian"
    )


def test_a_plus_sign_in_the_name_of_a_package_is_kept() -> None:
    assert parse_location("mmdebstrap:trixie?include=g++").include == ("g++",)


def test_the_order_of_packages_makes_no_difference() -> None:
    assert parse_location("mmdebstrap:trixie?include=b1,a1,b1") == parse_location("mmdebstrap:trixie?include=a1,b1")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("mmdebstrap:", "suite ''"),
        ("mmdebstrap:sid", "suite 'sid'"),
        ("mmdebstrap:../etc", "suite '../etc'"),
        ("mmdebstrap:trixie?size=1", "option 'size'"),
        ("mmdebstrap:trixie?include", "KEY=VALUE"),
        ("mmdebstrap:trixie?include=a1&include=b1", "twice"),
        ("mmdebstrap:trixie?include=--option", "'--option'"),
        ("mmdebstrap:trixie?include=a1;reboot", "'a1;reboot'"),
        ("mmdebstrap:trixie?include=?essential", "'?essential'"),
        ("mmdebstrap:trixie?variant=custom", "variant 'custom'"),
        ("mmdebstrap:trixie?variant=", "variant ''"),
        ("mmdebstrap:trixie?mirror=/etc/passwd", "not an http"),
        ("mmdebstrap:trixie?mirror=http://a/ sid main", "not an http"),
        ("mmdebstrap:trixie?mirror=http://a/%0Adeb", "not an http"),
        ("mmdebstrap:trixie?mirror=http://a/[trusted=yes]", "not an http"),
        ("https://a.test/image.qcow2", "suite"),
    ],
)
def test_what_is_not_understood_is_named(text: str, named: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_location(text)

    assert named in caught.value.message
    assert caught.value.where is not None
    assert text in caught.value.where
    assert caught.value.hint


def test_only_its_own_scheme_asks_for_a_build() -> None:
    assert is_build("mmdebstrap:trixie")
    assert not is_build("https://a.test/mmdebstrap:trixie")
