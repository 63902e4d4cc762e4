import pytest

from limavm.gotemplate.errors import TemplateError


@pytest.mark.parametrize(
    ("text", "position", "place"),
    [("abc", 0, (1, 1)), ("abc", 2, (1, 3)), ("a\nb", 2, (2, 1)), ("a\n\nbc", 4, (3, 2)), ("", 0, (1, 1))],
)
def test_an_error_counts_lines_and_columns_from_one(text: str, position: int, place: tuple[int, int]) -> None:
    error = TemplateError("is odd", text, position)

    assert (error.line, error.column) == place
    assert str(error) == f"template:{place[0]}:{place[1]}: is odd"
