import pytest

from limavm.gotemplate.floats import written


@pytest.mark.parametrize(
    ("verb", "value", "precision", "text"),
    [
        ("v", 0.0, None, "0"),
        ("v", -0.0, None, "-0"),
        ("v", 100000.5, None, "100000.5"),
        ("v", 1e6, None, "1e+06"),
        ("v", 123456789.0, None, "1.23456789e+08"),
        ("v", 0.0001, None, "0.0001"),
        ("v", 0.00001, None, "1e-05"),
        ("v", 1.7976931348623157e308, None, "1.7976931348623157e+308"),
        ("G", 1e-7, None, "1E-07"),
        ("g", 123456.0, 3, "1.23e+05"),
        ("f", 2.5, 0, "2"),
        ("e", 1e100, 2, "1.00e+100"),
        ("b", 1.5, None, "6755399441055744p-52"),
        ("b", 0.0, None, "0p-1074"),
        ("b", 5e-324, None, "1p-1074"),
        ("x", 0.1, None, "0x1.999999999999ap-04"),
        ("x", 0.0, None, "0x0p+00"),
        ("x", 5e-324, None, "0x1p-1074"),
        ("x", 1.9375, 1, "0x1.fp+00"),
        ("x", 1.984375, 1, "0x1.0p+01"),
        ("X", -1.5, 3, "-0X1.800P+00"),
    ],
)
def test_a_number_is_written_as_in_go(verb: str, value: float, precision: int | None, text: str) -> None:
    assert written(verb, value, precision) == text


@pytest.mark.parametrize(
    ("verb", "value", "precision", "text"),
    [
        ("g", 1.0, None, "1.00000"),
        ("g", 1.0, 3, "1.00"),
        ("g", 1e9, None, "1.00000e+09"),
        ("f", 3.0, 0, "3."),
        ("x", 0.5, None, "0x1.0000p-01"),
        ("X", 0.5, None, "0X1.P-01"),
    ],
)
def test_a_number_keeps_its_point_and_its_zeros(verb: str, value: float, precision: int | None, text: str) -> None:
    assert written(verb, value, precision, sharp=True) == text
