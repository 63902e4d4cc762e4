import pytest

from limavm.errors import UserError
from limavm.instance.sync.listing import parse


def test_every_path_is_listed_whether_it_has_changed_or_not() -> None:
    found = parse(
        b"lima:.d          ./\n"
        b"lima:cd+++++++++ new/\n"
        b"lima:>f+++++++++ new/file\n"
        b"lima:.f          same\n"
        b"lima:cf...p..... mode\n"
        b"lima:cLc.t...... link\n"
    )

    assert found.paths == {"new", "new/file", "same", "mode", "link"}
    assert found.skipped == ()


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (rb"new\#012line", "new\nline"),
        (rb"a\#134#012", r"a\#012"),
        (b" two  blanks ", " two  blanks "),
        (b"-dash", "-dash"),
        (b"\xff", "\udcff"),
        ("größe".encode(), "größe"),
        (b"...", "..."),
    ],
)
def test_a_name_is_read_as_it_is(told: bytes, name: str) -> None:
    assert parse(b"lima:.f          " + told + b"\n").paths == {name}


def test_what_rsync_says_beside_is_no_path() -> None:
    found = parse(b'skipping non-regular file "pipe\\#012"\ncreated directory x\n\nlima:.f          a\n')

    assert found.paths == {"a"}
    assert found.skipped == ("pipe\n",)


@pytest.mark.parametrize("name", ["../up", "a/../../b", "/etc/passwd", "a//b", "..", "", "a/./b"])
def test_a_name_that_leads_elsewhere_is_an_error(name: str) -> None:
    with pytest.raises(UserError):
        parse(f"lima:>f+++++++++ {name}\n".encode())


def test_a_line_of_another_form_is_an_error() -> None:
    with pytest.raises(UserError):
        parse(b"lima:what is this\n")
