import socket

import pytest

from limavm.errors import UserError
from limavm.instance.reach import Reach
from limavm.instance.tunnel import check_port, tunnel_argv

WAY = Reach(
    hostname="lima-dev",
    address="127.0.0.1",
    port=60022,
    program=("ssh", "-v"),
    options=("User=me", "ControlMaster=auto", 'ControlPath="/x/ssh.sock"', "ControlPersist=yes"),
)


def test_the_proxy_is_an_ssh_of_its_own_in_the_background() -> None:
    argv = tunnel_argv(WAY, 1080)

    assert argv[:4] == ["ssh", "-v", "-F", "/dev/null"]
    assert argv[-7:] == ["-f", "-N", "-D", "127.0.0.1:1080", "-p", "60022", "127.0.0.1"]
    assert {"ControlPath=none", "ControlMaster=no", "ExitOnForwardFailure=yes", "User=me"} <= set(argv)
    assert not [word for word in argv if "ssh.sock" in word]


@pytest.mark.parametrize("port", [1, 1023, 65536, -1, 10**9])
def test_a_port_that_is_out_of_range_is_an_error(port: int) -> None:
    with pytest.raises(UserError, match="between 1024 and 65535"):
        check_port(port)


def test_a_port_that_is_taken_is_an_error_and_0_is_for_a_free_one() -> None:
    check_port(0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(UserError, match="in use"):
            check_port(port)
