"""The message of a template."""

from pathlib import Path

import pytest

from limavm.instance.inspect import inspect
from limavm.instance.message import render_message


def test_what_is_not_known_yet_has_its_zero_value(dev: Path) -> None:
    assert (
        render_message(inspect("dev"), "{{.SSHLocalPort}} {{.HostAgentPID}} {{.Networks}} {{.Protected}}")
        == "0 0 [] false"
    )


@pytest.mark.parametrize("template", ["{{.Nope}}", "{{.Config.Nope}}", "{{.Instance.Nope}}"])
def test_a_field_that_no_instance_has_is_an_error(dev: Path, template: str) -> None:
    with pytest.raises(ValueError, match="no field Nope"):
        render_message(inspect("dev"), template)
