"""A message that no instance could show is refused before there is one."""

import os

import pytest
from msgspec.structs import replace

from limavm.errors import UserError
from limavm.instance.configuration import configuration
from limavm.instance.messagecheck import check_message
from limavm.model.config import Config


@pytest.fixture
def config(dev: os.PathLike[str]) -> Config:
    return configuration(os.fspath(dev))


@pytest.mark.parametrize("message", ["", "ready", "{{.Name}} {{.Dir}} {{.SSHLocalPort}} {{.Param.x}} {{.Config.CPUs}}"])
def test_what_can_be_shown_is_fine(config: Config, message: str) -> None:
    check_message(replace(config, message=message), source="x.yaml", directory="/nowhere/dev")


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("{{.Foo", "the action is not closed"),
        ("a\n{{.Foo}}", "template:2:"),
        ("{{.Name.x}}", "Name"),
        ("{{nope 1}}", "nope"),
    ],
)
def test_what_cannot_be_shown_is_an_error_with_its_place(config: Config, message: str, problem: str) -> None:
    with pytest.raises(UserError) as caught:
        check_message(replace(config, message=message), source="x.yaml", directory="/nowhere/dev")

    assert problem in caught.value.message
    assert caught.value.where == "message in x.yaml"
