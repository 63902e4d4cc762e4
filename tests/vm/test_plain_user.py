"""The same as an ordinary user, who builds the image in a user namespace."""

import pytest

from tests.vm.limactl import Limactl

pytestmark = pytest.mark.vm


def test_an_ordinary_user_gets_a_machine_from_nothing(plain_user: Limactl) -> None:
    plain_user.ok("start", "--tty=false", "--name", "mine", "--memory", "1", "template:debian-12", timeout=1500)

    found = plain_user.instance("mine")
    assert found["status"] == "Running"
    assert 'VERSION_ID="12"' in plain_user.ok("shell", "mine", "cat", "/etc/os-release")
    assert plain_user.ok("shell", "mine", "id", "-un").strip() == found["config"]["user"]["name"]
    plain_user.ok("stop", "mine")
    plain_user.ok("delete", "mine")
