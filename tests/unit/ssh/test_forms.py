import shlex

import pytest

from limavm.errors import UserError
from limavm.ssh.forms import Form, form_of, formatted

OPTIONS = ['IdentityFile="/a b/user"', "User=me", 'Ciphers="^x,y"', "Hostname=127.0.0.1", "Port=60022"]


def test_a_command_line_can_be_pasted_into_a_shell() -> None:
    text = formatted(Form.CMD, "lima-dev", OPTIONS)

    assert text == (
        """ssh -o 'IdentityFile="/a b/user"' -o User=me -o 'Ciphers="^x,y"' """
        "-o Hostname=127.0.0.1 -o Port=60022 lima-dev\n"
    )
    assert shlex.split(text)[2] == OPTIONS[0]


def test_arguments_are_the_command_line_without_program_and_host() -> None:
    assert formatted(Form.ARGS, "lima-dev", OPTIONS[1:2]) == "-o User=me\n"


def test_a_quote_in_a_path_reaches_ssh() -> None:
    option = """IdentityFile="/o'neil/user\""""

    assert shlex.split(formatted(Form.ARGS, "x", [option])) == ["-o", option]


def test_options_are_one_a_line() -> None:
    assert formatted(Form.OPTIONS, "lima-dev", OPTIONS[:2]) == 'IdentityFile="/a b/user"\nUser=me\n'


def test_a_configuration_has_a_line_for_the_host_and_one_for_each_option() -> None:
    assert formatted(Form.CONFIG, "lima-dev", OPTIONS[:2]) == ('Host lima-dev\n  IdentityFile "/a b/user"\n  User me\n')


@pytest.mark.parametrize("form", Form)
def test_a_line_break_in_an_option_is_an_error(form: Form) -> None:
    with pytest.raises(UserError, match="line break"):
        formatted(form, "lima-dev", ["User=me\nProxyCommand=x"])


@pytest.mark.parametrize("word", ["", "CMD", "json", "größe"])
def test_another_format_is_an_error_that_names_those_there_are(word: str) -> None:
    with pytest.raises(UserError, match="cmd, args, options, config"):
        form_of(word)
