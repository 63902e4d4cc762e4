from limavm.network.sudoers import sudoers
from tests.unit.network.definitions import defaults

HEAD = "%admin ALL=(root:wheel) NOPASSWD:NOSETENV: /bin/mkdir -m 775 -p /private/var/run/lima\n"
VMNET = "/opt/socket_vmnet/bin/socket_vmnet --pidfile=/private/var/run/lima/"
RULES = f"""\
{HEAD}
# Manage "bridged" network daemons

%admin ALL=(root:staff) NOPASSWD:NOSETENV: \\
    {VMNET}bridged_socket_vmnet.pid --socket-group=admin --vmnet-mode=bridged --vmnet-interface=en0\
 /private/var/run/lima/socket_vmnet.bridged, \\
    /usr/bin/pkill -F /private/var/run/lima/bridged_socket_vmnet.pid

# Manage "host" network daemons

%admin ALL=(root:staff) NOPASSWD:NOSETENV: \\
    {VMNET}host_socket_vmnet.pid --socket-group=admin --vmnet-mode=host --vmnet-gateway=192.168.106.1\
 --vmnet-dhcp-end=192.168.106.254 --vmnet-mask=255.255.255.0 /private/var/run/lima/socket_vmnet.host, \\
    /usr/bin/pkill -F /private/var/run/lima/host_socket_vmnet.pid

# Manage "shared" network daemons

%admin ALL=(root:staff) NOPASSWD:NOSETENV: \\
    {VMNET}shared_socket_vmnet.pid --socket-group=admin --vmnet-mode=shared --vmnet-gateway=192.168.105.1\
 --vmnet-dhcp-end=192.168.105.254 --vmnet-mask=255.255.255.0 /private/var/run/lima/socket_vmnet.shared, \\
    /usr/bin/pkill -F /private/var/run/lima/shared_socket_vmnet.pid
"""


def test_the_rules_are_those_of_lima_byte_for_byte() -> None:
    assert sudoers(defaults(), installed=True, root_group="staff") == RULES


def test_without_socket_vmnet_only_the_networks_are_named() -> None:
    names = ("bridged", "host", "shared")

    assert sudoers(defaults(), installed=False) == HEAD + "".join(
        f'\n# Manage "{name}" network daemons\n' for name in names
    )


def test_networks_of_the_mode_user_v2_need_no_rule() -> None:
    more = defaults("  mine: {mode: user-v2, gateway: 10.0.0.1}\n  a: {mode: host}\n")

    text = sudoers(more, installed=False)

    assert "mine" not in text
    assert text.index('"a"') < text.index('"bridged"')
