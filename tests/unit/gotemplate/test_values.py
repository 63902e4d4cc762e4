import pytest

from limavm.gotemplate import TemplateError, render
from limavm.gotemplate.values import MISSING, NIL, Record, show, type_name, written


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        (None, "<no value>", "nothing"),
        (MISSING, "<no value>", "nothing"),
        (NIL, "<nil>", "nothing"),
        (True, "true", "a boolean"),
        (3, "3", "a number"),
        (0.5, "0.5", "a number"),
        (2.0, "2", "a number"),
        (1e30, "1e+30", "a number"),
        ("a", "a", "a text"),
        ({"b": 1, "a": [1, "x"]}, "map[a:[1 x] b:1]", "a mapping"),
        ((), "[]", "a list"),
    ],
)
def test_values_print_as_in_go(value: object, text: str, kind: str) -> None:
    assert show(value) == text
    assert type_name(value) == kind


def test_what_is_missing_is_false() -> None:
    assert not MISSING
    assert repr(MISSING) == "<no value>"


def test_a_member_that_a_struct_does_not_have_is_an_error() -> None:
    data = {"Config": Record({"CPUs": 4, "Param": {}}, dict)}

    assert render("{{.Config.CPUs}} {{.Config.Param.x}}", data) == "4 <no value>"
    with pytest.raises(TemplateError, match="no field Nope"):
        render("{{.Config.Nope}}", data)


def test_a_struct_is_written_under_its_own_names() -> None:
    inner = Record({"SSH": NIL}, lambda: {"ssh": None})

    assert written({"a": [inner, NIL, "b"], "n": 1}) == {"a": [{"ssh": None}, None, "b"], "n": 1}
