import pytest

from limavm.gotemplate import TemplateError, render, show
from limavm.gotemplate.values import MISSING, NIL, Record, decoded, encoded, go_type, joined, truth, type_name, written


@pytest.mark.parametrize(
    ("value", "text", "kind", "type_of_go"),
    [
        (None, "<no value>", "nothing", "<nil>"),
        (MISSING, "<no value>", "nothing", "<nil>"),
        (NIL, "<nil>", "nothing", "<nil>"),
        (True, "true", "a boolean", "bool"),
        (3, "3", "a number", "int"),
        (0.5, "0.5", "a number", "float64"),
        (2.0, "2", "a number", "float64"),
        (1e30, "1e+30", "a number", "float64"),
        (1j, "(0+1i)", "a number", "complex128"),
        ("a", "a", "a text", "string"),
        ({"b": 1, "a": [1, "x", None]}, "map[a:[1 x <nil>] b:1]", "a mapping", "map[string]interface {}"),
        ({"b": "x"}, "map[b:x]", "a mapping", "map[string]string"),
        (Record({"b": 1, "a": "x"}, dict), "{1 x}", "a mapping", "struct"),
        ((), "[]", "a list", "[]interface {}"),
    ],
)
def test_values_print_as_in_go(value: object, text: str, kind: str, type_of_go: str) -> None:
    assert show(value) == text
    assert type_name(value) == kind
    assert go_type(value) == type_of_go


def test_what_is_missing_or_empty_is_false_and_a_struct_is_true() -> None:
    nothing: list[object] = [MISSING, NIL, None, 0, 0.0, "", [], {}, False]
    something: list[object] = [Record({}, dict), 1, "a", [0], {"": 0}]

    assert not any(map(truth, nothing))
    assert all(map(truth, something))
    assert repr(MISSING) == "<no value>"


def test_a_member_that_a_struct_does_not_have_is_an_error() -> None:
    data = {"Config": Record({"CPUs": 4, "Param": {}}, dict)}

    assert render("{{.Config.CPUs}} {{.Config.Param.x}}", data) == "4 <no value>"
    with pytest.raises(TemplateError, match="no field Nope"):
        render("{{.Config.Nope}}", data)


def test_a_struct_is_written_under_its_own_names_and_a_map_in_order() -> None:
    inner = Record({"SSH": NIL}, lambda: {"ssh": None})

    assert written({"a": [inner, NIL, "b"], "n": 1}) == {"a": [{"ssh": None}, None, "b"], "n": 1}
    assert list(written({"b": 1, "a": 2})) == ["a", "b"]


def test_bytes_that_are_no_character_are_kept_until_they_are_one() -> None:
    first, second = decoded(b"\xc3"), decoded(b"\xa9")

    assert encoded(first) == b"\xc3"
    assert joined(first + second) == "é"
    assert encoded("\ud800") == b"?"
