"""The words of `limactl mount`."""

import pytest

from limavm.cli.expressions import Home
from limavm.cli.mountspec import kept, parse
from limavm.errors import UserError
from limavm.model.config import Mount

PLACE = Home(home="/home/ann", cwd="/here")


@pytest.mark.parametrize(
    ("text", "location", "point", "writable"),
    [
        ("/srv/a", "/srv/a", "/srv/a", False),
        ("/srv/a:w", "/srv/a", "/srv/a", True),
        ("/srv/a:ro", "/srv/a", "/srv/a", False),
        ("~", "/home/ann", "/home/ann", False),
        ("~/src:/src:w", "/home/ann/src", "/src", True),
        (".", "/here", "/here", False),
        ("../b/./c/:/x//y/", "/b/c", "/x/y", False),
        ("with blank,comma%:/größe", "/here/with blank,comma%", "/größe", False),
        ("w", "/here/w", "/here/w", False),
        ("/a:/w:w", "/a", "/w", True),
    ],
)
def test_a_mount_is_a_directory_a_place_and_the_right_to_write(
    text: str, location: str, point: str, writable: bool
) -> None:
    assert parse(text, PLACE) == Mount(location=location, mount_point=point, writable=writable)


@pytest.mark.parametrize("text", ["", ":/a", ":w", "/a:b", "/a:/b:/c", "/a:/b:w:w", "~bob/src", "/a::w", "/a:~/b"])
def test_what_is_no_mount_is_an_error_that_tells_the_form(text: str) -> None:
    with pytest.raises(UserError, match="is no mount") as raised:
        parse(text, PLACE)
    assert "HOST[:GUEST][:w]" in (raised.value.hint or "")


def test_a_name_can_not_end_the_text_of_the_expression() -> None:
    assert kept(Mount(location='/a"+"b', mount_point="/b")).count('\\"') == 2


def test_a_name_that_is_no_text_cannot_be_kept() -> None:
    with pytest.raises(UserError, match="cannot be kept"):
        kept(Mount(location="/a\udcff", mount_point="/b"))
