"""socket_vmnet, the daemon of a network on macOS: its files and its commands (spec/config.md 6.3). Pure.

The commands are compared with those that sudo allows, as texts, and parted at blanks when they are run.
"""

from limavm.model.network import BRIDGED, HOST, SHARED, Networks


def socket(networks: Networks, name: str) -> str:
    """Where the daemon of the network listens."""
    return f"{networks.paths.var_run}/socket_vmnet.{name}"


def pid_file(networks: Networks, name: str) -> str:
    """The file of the daemon's PID."""
    return f"{networks.paths.var_run}/{name}_socket_vmnet.pid"


def mkdir_command(networks: Networks) -> str:
    """Makes the directory of sockets and PID files."""
    return f"/bin/mkdir -m 775 -p {networks.paths.var_run}"


def start_command(networks: Networks, name: str) -> str:
    """Starts the daemon of the network."""
    network = networks.networks[name]
    words = [
        networks.paths.socket_vmnet,
        f"--pidfile={pid_file(networks, name)}",
        f"--socket-group={networks.group}",
        f"--vmnet-mode={network.mode}",
    ]
    if network.mode == BRIDGED:
        words.append(f"--vmnet-interface={network.interface}")
    elif network.mode in (HOST, SHARED):
        # Lima writes an address that is not there as its Go library does, and compares that with the file.
        words.append(f"--vmnet-gateway={network.gateway or _NO_ADDRESS}")
        words.append(f"--vmnet-dhcp-end={network.dhcp_end or _NO_ADDRESS}")
        words.append(f"--vmnet-mask={network.netmask or _NO_ADDRESS}")
    words.append(socket(networks, name))
    return " ".join(words)


def stop_command(networks: Networks, name: str) -> str:
    """Stops the daemon of the network."""
    return f"/usr/bin/pkill -F {pid_file(networks, name)}"


_NO_ADDRESS = "<nil>"
