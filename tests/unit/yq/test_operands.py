from limavm.roundtrip.nodes import mapping, sequence
from limavm.yq.operands import describe
from limavm.yq.scalars import scalar
from tests.unit.yq.expressions import results


def test_a_message_says_what_a_value_is_and_shows_the_beginning_of_a_long_one() -> None:
    values = [mapping(), sequence(), scalar("~", "!!null"), scalar("1", "!!int"), scalar("x" * 50, "!!str")]

    assert [describe(value) for value in values] == [
        *("a map", "a list", "null", "'1' (!!int)"),
        f"'{'x' * 40}…' (!!str)",
    ]


def test_an_update_evaluates_its_text_for_each_target_and_keeps_the_last_where_there_is_none() -> None:
    assert results(".[] line_comment |= select(. > 1)", "[2, 1, 3]") == "- 2  # 2\n- 1  # 2\n- 3  # 3\n"
    assert results(".[] line_comment = .[0]", "[2, 1]") == "- 2  # 2\n- 1  # 2\n"
