"""Variables in texts."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.yq.envsubst import substitute
from limavm.yq.errors import Trouble

ENVIRON = {"A": "one", "E": "", "N_1": "two"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$A-${A}", "one-one"),
        ("${N_1}$A", "twoone"),
        ("$UNSET.", "."),
        ("${UNSET:-d}", "d"),
        ("${E:-d}${E-d}", "d"),
        ("${UNSET-$A}", "one"),
        ("${UNSET:-${E:-${A}}}", "one"),
        ("${UNSET:=d}${A:=d}", "done"),
        ("${A:+set}${E:+set}${E+set}${UNSET+set}", "setset"),
        ("${#A}", "3"),
        ("$$A $ 1$", "$A $ 1$"),
    ],
)
def test_a_variable_is_replaced_by_its_value(text: str, expected: str) -> None:
    assert substitute(text, ENVIRON) == expected


@pytest.mark.parametrize("text", ["${A", "${}", "${-x}", "${A%x}", "${A:-${A}", "${X:-" * 30 + "}" * 30])
def test_what_names_no_variable_is_trouble(text: str) -> None:
    with pytest.raises(Trouble):
        substitute(text, ENVIRON)


def test_unset_and_empty_variables_can_be_refused() -> None:
    with pytest.raises(Trouble, match="UNSET is not set"):
        substitute("$UNSET", ENVIRON, no_unset=True)
    with pytest.raises(Trouble, match="E is empty"):
        substitute("${E}", ENVIRON, no_empty=True)
    assert substitute("$E${UNSET:-x}", ENVIRON, no_unset=True) == "x"


@given(st.text(alphabet="${}A:-+#= ", max_size=30))
def test_any_text_is_substituted_or_trouble(text: str) -> None:
    with suppress(Trouble):
        assert isinstance(substitute(text, ENVIRON), str)
