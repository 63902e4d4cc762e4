import pytest

from limavm.cli.pager import pager_argv


@pytest.mark.parametrize(
    ("environment", "argv"),
    [
        ({}, ["less", "-R"]),
        ({"PAGER": ""}, ["less", "-R"]),
        ({"PAGER": "less"}, ["less", "-R"]),
        ({"PAGER": "/usr/bin/less -S"}, ["/usr/bin/less", "-S", "-R"]),
        ({"PAGER": "less -SR"}, ["less", "-SR"]),
        ({"PAGER": "less --RAW-CONTROL-CHARS"}, ["less", "--RAW-CONTROL-CHARS"]),
        ({"PAGER": "less", "LESS": "-FR"}, ["less"]),
        ({"PAGER": "less", "LESS": "-F"}, ["less", "-R"]),
        ({"PAGER": "more -e"}, ["more", "-e"]),
        ({"LESS": "-R"}, ["less", "-R"]),
    ],
)
def test_less_is_told_to_show_colours_unless_it_knows(environment: dict[str, str], argv: list[str]) -> None:
    assert pager_argv(environment) == argv
