import pytest

from limavm.cli.shellenv import DEFAULT_BLOCK, passed
from limavm.errors import UserError


def test_variables_of_the_host_itself_stay_there() -> None:
    host = {"HOME": "/h", "PATH": "/bin", "SSH_AUTH_SOCK": "s", "_X": "1", "XDG_Y": "2", "BASHOPTS": "3"}

    assert passed({**host, "EDITOR": "vi", "A_B": "c"}) == {"A_B": "c", "EDITOR": "vi"}


def test_the_block_list_can_be_replaced_or_extended() -> None:
    variables = {"HOME": "/h", "FOO": "1"}

    assert set(passed({**variables, "LIMA_SHELLENV_BLOCK": "F*, LIMA_*"})) == {"HOME"}
    assert set(passed({**variables, "LIMA_SHELLENV_BLOCK": "+FOO,LIMA_*"})) == set()
    assert set(passed({**variables, "LIMA_SHELLENV_BLOCK": " ,"})) == {"FOO", "LIMA_SHELLENV_BLOCK"}


def test_what_is_allowed_is_passed_although_it_is_blocked() -> None:
    assert "HOME" in passed({"HOME": "/h", "LIMA_SHELLENV_ALLOW": "HO*"})


@pytest.mark.parametrize("pattern", ["A?", "[A]", "A.B", "A B", "Ä", "A-B", "$X", "A\n"])
@pytest.mark.parametrize("name", ["LIMA_SHELLENV_BLOCK", "LIMA_SHELLENV_ALLOW"])
def test_other_characters_in_a_pattern_are_errors(pattern: str, name: str) -> None:
    if pattern == "A\n":  # blanks around an item are trimmed
        assert passed({name: pattern}) is not None
        return
    with pytest.raises(UserError, match="character"):
        passed({name: pattern})


def test_the_default_block_list_names_what_must_not_leak() -> None:
    assert {"SSH_*", "LD_*", "PATH", "_*"} < set(DEFAULT_BLOCK)
