import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.config.scalars import boolean, integer, plain_value, string
from limavm.config.yamlnodes import Mapping, Scalar
from limavm.config.yamltext import compose


def scalar(text: str) -> Scalar:
    root = compose(f"k: {text}\n".encode(), "t.yaml")
    assert isinstance(root, Mapping)
    value = root.entries["k"][1]
    assert isinstance(value, Scalar)
    return value


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "!!bool true"])
def test_true_has_three_spellings(text: str) -> None:
    assert boolean(scalar(text)) is True


@pytest.mark.parametrize("text", ["false", "False", "FALSE"])
def test_false_has_three_spellings(text: str) -> None:
    assert boolean(scalar(text)) is False


@pytest.mark.parametrize("text", ['"true"', "'false'", "yes", "no", "on", "off", "1", "0", "tRue", "!!str true", "y"])
def test_nothing_else_is_a_boolean(text: str) -> None:
    with pytest.raises(ValueError, match="true or false"):
        boolean(scalar(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4", 4),
        ("-4", -4),
        ("+4", 4),
        ("4.7", 4),
        ("-4.7", -4),
        ('"4"', 4),
        ("1e1", 10),
        ("'1e1'", 10),
        ("0x10", 16),
        ("0o17", 15),
        ("010", 8),
        ("0b101", 5),
        ("1_000", 1000),
    ],
)
def test_numbers_may_be_quoted_and_lose_their_fraction(text: str, value: int) -> None:
    assert integer(scalar(text)) == value


@pytest.mark.parametrize(
    "text", ["four", "true", "4 GiB", "''", ".inf", ".nan", "'inf'", "nan", "9" * 20, "9" * 5000, "1e400", "0x", "1_e"]
)
def test_other_texts_are_no_numbers(text: str) -> None:
    with pytest.raises(ValueError, match=r"whole number|too large"):
        integer(scalar(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("abc", "abc"),
        ("null", ""),
        ("~", ""),
        ("'~'", "~"),
        ("True", "true"),
        ("FALSE", "false"),
        ("42", "42"),
        ("4.50", "4.5"),
        ("4.0", "4"),
        ("2.10", "2.1"),
        ("0644", "420"),
        ("010", "8"),
        ("0o17", "15"),
        ("0x10", "16"),
        ("0b11", "3"),
        ("1_000", "1000"),
        ('"0644"', "0644"),
        ("'4.50'", "4.50"),
        ("yes", "yes"),
        ("2026-01-01", "2026-01-01"),
        ("1.2.3", "1.2.3"),
        (".inf", "+Inf"),
        ("-.inf", "-Inf"),
        (".nan", "NaN"),
        ("1e9", "1e9"),
        ("1e-7", "1e-7"),
        ("08", "08"),
        ("1.5e3", "1500"),
        ("0.00001", "1e-05"),
        ("999999.5", "999999.5"),
        ("1000000.0", "1e+06"),
        ("-123456789.123", "-1.23456789123e+08"),
        ("123456789012345678.0", "1.2345678901234568e+17"),
        ("-0.0", "-0"),
        ("!!str 0644", "0644"),
        ("!!binary aGVs\n    bG8=", "hello"),
        ("9" * 100, "9" * 100),
    ],
)
def test_texts_take_any_scalar_and_numbers_are_written_as_go_does(text: str, value: str) -> None:
    assert string(scalar(text)) == value


@pytest.mark.parametrize("text", ["!!binary '***'", "!!binary /w==", "!!binary YQ"])
def test_binary_that_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        string(scalar(text))


def test_free_form_values_follow_the_core_schema() -> None:
    texts = ("1", "1.5", "true", "yes", "~", "null", "''", "'1'", "x", "1e3")

    assert [plain_value(scalar(text)) for text in texts] == [1, 1.5, True, "yes", None, None, "", "1", "x", "1e3"]
    assert plain_value(scalar(".inf")) == math.inf


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_every_64_bit_number_is_read_back(value: int) -> None:
    assert integer(scalar(str(value))) == value
    assert string(scalar(str(value))) == str(value)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_float_as_a_text_means_the_same_number(value: float) -> None:
    assert float(string(scalar(repr(value)))) == value
