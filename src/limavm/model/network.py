"""Networks that instances may share, as `_config/networks.yaml` defines them (spec/config.md 6.1)."""

from msgspec import field

from limavm.model.value import Sparse, Value

USER_V2 = "user-v2"
HOST = "host"
SHARED = "shared"
BRIDGED = "bridged"
MODES = (USER_V2, HOST, SHARED, BRIDGED)


class SharedNetwork(Sparse, frozen=True, kw_only=True):
    """One network; addresses are texts, empty when they are not given."""

    mode: str = ""
    #: The NIC of the host that a bridged network is on.
    interface: str = ""
    gateway: str = ""
    dhcp_end: str = field(name="dhcpEnd", default="")
    netmask: str = ""


class NetworkPaths(Value, frozen=True, kw_only=True):
    """Where socket_vmnet is and what it keeps where; empty when it is not said."""

    socket_vmnet: str = field(name="socketVMNet", default="")
    var_run: str = ""
    sudoers: str = ""


class Networks(Value, frozen=True, kw_only=True):
    """All that networks.yaml says, with its defaults. `group` may manage vmnet networks by sudo."""

    paths: NetworkPaths = NetworkPaths()
    group: str = ""
    networks: dict[str, SharedNetwork] = {}


def prefix_length(netmask: str) -> int | None:
    """How many ones the netmask `255.255.255.0` begins with; None when others follow the zeros."""
    bits = "".join(f"{int(part):08b}" for part in netmask.split("."))
    return bits.count("1") if "01" not in bits else None
