import pytest

from limavm.model.network import Networks, SharedNetwork
from limavm.network.daemons import mkdir_command, start_command, stop_command
from tests.unit.network.definitions import defaults

START = "/opt/socket_vmnet/bin/socket_vmnet --pidfile=/private/var/run/lima/{0}_socket_vmnet.pid --socket-group=admin"

ADDRESSES = "--vmnet-gateway={0}.1 --vmnet-dhcp-end={0}.254 --vmnet-mask=255.255.255.0"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("shared", "--vmnet-mode=shared " + ADDRESSES.format("192.168.105")),
        ("host", "--vmnet-mode=host " + ADDRESSES.format("192.168.106")),
        ("bridged", "--vmnet-mode=bridged --vmnet-interface=en0"),
        (
            "bare",
            "--vmnet-mode=shared --vmnet-gateway=<nil> --vmnet-dhcp-end=<nil> --vmnet-mask=<nil>",
        ),
        ("odd", "--vmnet-mode=odd"),
    ],
)
def test_a_daemon_is_started_with_what_its_mode_needs(name: str, options: str) -> None:
    networks = defaults("  bare: {mode: shared}\n  odd: {mode: odd, gateway: 10.0.0.1}\n")

    command = start_command(networks, name)

    assert command == f"{START.format(name)} {options} /private/var/run/lima/socket_vmnet.{name}"


def test_a_daemon_is_stopped_by_its_pid_file() -> None:
    assert stop_command(defaults(), "host") == "/usr/bin/pkill -F /private/var/run/lima/host_socket_vmnet.pid"
    assert mkdir_command(defaults()) == "/bin/mkdir -m 775 -p /private/var/run/lima"


def test_a_network_without_an_address_is_written_as_lima_does() -> None:
    networks = Networks(networks={"x": SharedNetwork(mode="host")})

    assert "--vmnet-gateway=<nil>" in start_command(networks, "x")
