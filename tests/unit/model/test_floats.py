import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.model.floats import is_plain_in_json, plain, shortest

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.0, "0"), (-0.0, "-0"), (1.0, "1"), (-12.5, "-12.5"), (0.0001, "0.0001"), (0.00001, "1e-05")),
        *((100000.5, "100000.5"), (1e6, "1e+06"), (-1234567.0, "-1.234567e+06"), (1e100, "1e+100")),
    ],
)
def test_a_number_has_an_exponent_below_a_ten_thousandth_and_from_a_million_on(value: float, text: str) -> None:
    assert shortest(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.0, "0"), (-0.0, "-0"), (1e6, "1000000"), (1.5e-6, "0.0000015"), (-1e20, "-100000000000000000000")),
        *((123456789.5, "123456789.5"), (2.5, "2.5"), (0.05, "0.05")),
    ],
)
def test_a_plain_number_has_no_exponent(value: float, text: str) -> None:
    assert plain(value) == text


def test_json_has_exponents_at_both_ends() -> None:
    values = [0.0, 9e-7, 1e-6, -1e20, 1e21]

    assert [is_plain_in_json(value) for value in values] == [True, False, True, True, False]


@given(FINITE)
def test_what_is_written_is_the_same_number_when_it_is_read(value: float) -> None:
    assert float(shortest(value)) == value == float(plain(value))
