"""Numbers as expressions read and write them."""

import math

import pytest

from limavm.yq.errors import Trouble
from limavm.yq.numbers import floating, floating_text, integer, integer_text


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("-12", -12), ("+3", 3), ("1_000", 1000), ("0x1f", 31), ("0XFF", 255), ("0o17", 15), ("007", 7)],
)
def test_a_whole_number_may_be_hexadecimal_or_octal(text: str, value: int) -> None:
    assert integer(text) == value


@pytest.mark.parametrize(
    "text", ["", "a", "1.5", "0x", "--1", "9" * 30, "9" * 9000, "9223372036854775808", "1 2", "\u0661"]
)
def test_what_is_no_whole_number_of_64_bits_is_trouble(text: str) -> None:
    with pytest.raises(Trouble):
        integer(text)


def test_a_result_is_written_like_the_operand() -> None:
    assert [integer_text(255, like) for like in ("1", "0x1", "0o1")] == ["255", "0xFF", "0o377"]


def test_a_result_of_more_than_64_bits_is_trouble() -> None:
    with pytest.raises(Trouble, match="more than 64 bits"):
        integer_text(1 << 63, "1")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), ("-.5", -0.5), ("1e3", 1000.0), (".inf", math.inf), ("-.Inf", -math.inf), ("0x10", 16)],
)
def test_a_float_may_have_an_exponent_or_be_infinite(text: str, value: float) -> None:
    assert floating(text) == value


@pytest.mark.parametrize("text", ["", "x", "1e", "1.5.2", "true"])
def test_what_is_no_number_is_trouble(text: str) -> None:
    with pytest.raises(Trouble):
        floating(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2"),
        (0.5, "0.5"),
        (1e6, "1e+06"),
        (123456.0, "123456"),
        (1e-5, "1e-05"),
        (math.inf, ".inf"),
        (-math.inf, "-.inf"),
    ],
)
def test_a_float_is_written_as_by_go_and_an_infinite_one_as_in_yaml(value: float, text: str) -> None:
    assert floating_text(value) == text
    assert floating_text(math.nan) == ".nan"
