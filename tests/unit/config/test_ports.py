import pytest

from limavm.config.flaw import Flaws
from limavm.config.ports import check_port


@pytest.mark.parametrize(
    ("port", "message"),
    [(0, "must be set"), (22, "port 22"), (-1, "from 1 to 65535"), (65536, "from 1 to 65535"), (1, ""), (65535, "")],
)
def test_a_port_is_a_number_that_ssh_does_not_have(port: int, message: str) -> None:
    flaws = Flaws()

    check_port(port, flaws, "ssh", "localPort")

    assert [flaw.path for flaw in flaws.found] == ([("ssh", "localPort")] if message else [])
    assert all(message in flaw.message for flaw in flaws.found)
