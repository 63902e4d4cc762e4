"""What an expression may see of the world."""

import pytest

from limavm.errors import UserError
from limavm.roundtrip.read import read
from limavm.yq import ExpressionError, World, evaluate
from tests.unit.yq.expressions import results

DOCUMENT = "name: a.yaml\n"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("env(HOME)", "operators that read the environment are disabled here"),
        ("strenv(HOME)", "operators that read the environment are disabled here"),
        ('"$HOME" | envsubst', "operators that read the environment are disabled here"),
        ("load(.name)", "operators that read files are disabled here"),
        ("load_str(.name)", "operators that read files are disabled here"),
        ("load_xml(.name)", "operators that read files are disabled here"),
        ('system("ls")', "operators that run programs are disabled"),
    ],
)
def test_the_world_is_closed_unless_it_is_opened(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError) as error:
        evaluate(f". | {expression}", read(DOCUMENT.encode(), "-"))

    assert error.value.message == message


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("env(NAME)", "v1\n"),
        ("env(NUMBER) + 1", "13\n"),
        ("env(MAP).a", "1\n"),
        ("strenv(NUMBER) | tag", "!!str\n"),
        (".name = strenv(NUMBER)", 'name: "12"\n'),
        ("strenv(NOPE)", "\n"),
        ('"x ${NAME} ${NOPE:-d}" | envsubst', "x v1 d\n"),
        ('.name |= "${NAME}" | .name |= envsubst', "name: v1\n"),
        ("load(.name)", "x: 1  # one\n"),
        ("load(.name).x", "1\n"),
        ('load("two.yaml")', "- 1\n- 2\n"),
        ('load_str("a.txt")', "some\ntext\n\n"),
        (". * load(.name)", "name: a.yaml\nx: 1  # one\n"),
    ],
)
def test_an_open_world_can_be_read(expression: str, result: str) -> None:
    assert results(expression, DOCUMENT) == result


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("env(NOPE)", "the environment has no variable NOPE"),
        ("env(EMPTY)", "the environment has no variable EMPTY"),
        ('"$NOPE" | envsubst(nu)', "the variable NOPE is not set"),
        ('"$EMPTY" | envsubst(ne, nu)', "the variable EMPTY is empty"),
        ("1 | envsubst", "only a text can have variables in it, not !!int"),
        ('load_str("bin")', "bin is no text in UTF-8"),
        ("load(empty)", "there is no name of a file"),
    ],
)
def test_what_the_world_does_not_have_is_an_error(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError) as error:
        results(expression, DOCUMENT)

    assert error.value.message == message


def test_a_file_that_cannot_be_read_is_an_error_of_the_expression() -> None:
    def load(name: str) -> bytes:
        raise UserError(f"{name} is gone")

    with pytest.raises(ExpressionError, match=r"a.yaml cannot be loaded: a.yaml is gone"):
        evaluate("load(.name)", read(DOCUMENT.encode(), "-"), world=World(load=load))


def test_a_file_that_is_no_yaml_is_an_error_of_the_expression() -> None:
    with pytest.raises(ExpressionError, match="bad cannot be loaded"):
        results('load("bad")', DOCUMENT)
