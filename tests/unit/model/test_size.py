import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.model.size import format_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1", 1),
        ("1b", 1),
        ("1k", 1024),
        ("1K", 1024),
        ("1kB", 1024),
        ("1KiB", 1024),
        ("1 KiB", 1024),
        ("512m", 512 << 20),
        ("4GiB", 4 << 30),
        ("4gb", 4 << 30),
        ("1.5g", 3 << 29),
        (".5k", 512),
        ("2t", 2 << 40),
        ("3PiB", 3 << 50),
        ("1e3", 1000),
        ("1e3k", 1024000),
        ("+7", 7),
        ("1.9", 1),
        ("0x10p0", 16),
        ("1_000", 1000),
        ("-0", 0),
        ("4 ", 4),
        ("1.", 1),
        ("4 GiB", 4 << 30),
        ("4G", 4 << 30),
        ("4g", 4 << 30),
        ("1e3b", 1000),
        ("0x1p4", 16),
        ("-0g", 0),
    ],
)
def test_every_multiplier_is_a_power_of_1024(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GiB",
        "4 GiB ",
        "4  GiB",
        "4X",
        "4Ki",
        " 4g",
        "1.5.5g",
        "4GiBB",
        *("4iB", "4bb", "4e", "4g ", "4EiB", "4ki", "0x1"),
        "1,5g",
        "-1",
        "-4GiB",
        "1e",
        "0x",
        "nan",
        "inf",
        ".",
        "+",
        "_",
        " ",
        "٤",
        "1e400",
        "1e30",
        "8192P",
        "9223372036854775808",
        "0x1p99999",
        "_1",
        "1__0",
        "0x_p1",
        "4Gi B",
    ],
)
def test_what_is_no_size_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(ValueError, match="size") as caught:
        parse_size(text)

    assert text in str(caught.value)


@pytest.mark.parametrize("text", ["1" * 3_000_000 + "x", "_" * 1_000_000, "1e" + "9" * 1_000_000])
def test_a_text_that_is_far_too_long_is_no_size_and_costs_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size") as caught:
        parse_size(text)

    assert len(str(caught.value)) < 100


@given(st.text(alphabet="0123456789_.+-eExXpPbBkKiImMgGtT ", max_size=12))
def test_any_text_is_a_size_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_size(text) >= 0


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (1, "1B"),
        (1023, "1023B"),
        (1024, "1KiB"),
        (1536, "1.5KiB"),
        (1234567, "1.177MiB"),
        (4 << 30, "4GiB"),
        (100 << 30, "100GiB"),
        (1 << 70, "1ZiB"),
        (1 << 80, "1YiB"),
        (1 << 90, "1024YiB"),
    ],
)
def test_a_size_is_printed_with_four_digits_and_a_binary_unit(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(0, 1023), st.sampled_from(["B", "KiB", "MiB", "GiB", "TiB"]))
def test_round_sizes_survive_printing(number: int, unit: str) -> None:
    size = parse_size(f"{number}{unit}")

    assert parse_size(format_size(size)) == size


@given(st.integers(0, 1 << 59))
def test_any_size_is_printed_to_the_thousandth(size: int) -> None:
    assert abs(parse_size(format_size(size)) - size) <= size / 1000
