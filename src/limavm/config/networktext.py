"""The text of networks.yaml to `Networks`: decoded, filled, checked (spec/config.md 6.1). No file is touched."""

from msgspec import field

from limavm.config.decode import Decoder
from limavm.config.errors import ConfigError, Path, Problem
from limavm.config.layer import IP
from limavm.config.yamlnodes import Mapping, Scalar
from limavm.config.yamltext import compose
from limavm.model.network import USER_V2, NetworkPaths, Networks, SharedNetwork, prefix_length
from limavm.model.value import Value

_NETMASK = "255.255.255.0"
_GROUP = "admin"
_DEFAULT = SharedNetwork(mode=USER_V2, gateway="192.168.104.1", netmask=_NETMASK)
#: Keys of old versions of Lima.
_REMOVED = frozenset({"vdeSwitch", "vdeVMNet"})


class _NetworkLayer(Value, frozen=True, kw_only=True):
    mode: str | None = None
    interface: str | None = None
    gateway: IP | None = None
    dhcp_end: IP | None = field(name="dhcpEnd", default=None)
    netmask: IP | None = None


class _PathsLayer(Value, frozen=True, kw_only=True):
    socket_vmnet: str | None = field(name="socketVMNet", default=None)
    var_run: str | None = None
    sudoers: str | None = None


class _Layer(Value, frozen=True, kw_only=True):
    """Twin of `model.network.Networks` in which everything may be unset."""

    paths: _PathsLayer = _PathsLayer()
    group: str | None = None
    networks: dict[str, _NetworkLayer] | None = None


class DecodedNetworks(Value, frozen=True, kw_only=True):
    """The networks, and what the user should know of the text."""

    networks: Networks
    warnings: tuple[str, ...] = ()


class _Decoder(Decoder):
    def unknown(self, key: Scalar, path: Path, known: dict[str, object]) -> None:
        """Warn of a key that nothing reads; old texts have some that once meant something."""
        if key.value in _REMOVED:
            place = f"{self.source}:{key.line}: {'.'.join(map(str, path))}.{key.value}"
            self.warnings.append(f"{place}: was removed from Lima and has no effect")
        else:
            super().unknown(key, path, known)


def decode_networks(text: bytes, source: str, *, host_os: str) -> DecodedNetworks:
    """What the text says, filled; raises ConfigError with every problem, each with its line."""
    root = compose(text, source)
    decoder = _Decoder(source)
    if root is not None and not isinstance(root, Mapping) and not (isinstance(root, Scalar) and root.null):
        message = "the text must be a mapping of keys to values"
        raise ConfigError([Problem(message=message, source=source, line=root.line)])
    layer = _Layer() if root is None else decoder.part(_Layer, root, ())
    if decoder.problems:
        raise ConfigError(decoder.problems, warnings=decoder.warnings)
    networks = {name: _filled(network) for name, network in (layer.networks or {}).items()}
    warnings = [*decoder.warnings, *_odd(networks, source)]
    # Instances that join `user-v2` must find it, whatever became of it in the file.
    if not any(network.mode == USER_V2 and network.gateway for network in networks.values()):
        networks[USER_V2] = _DEFAULT
    filled = Networks(
        paths=NetworkPaths(
            socket_vmnet=layer.paths.socket_vmnet or "",
            var_run=layer.paths.var_run or "",
            sudoers=layer.paths.sudoers or "",
        ),
        group=layer.group or (_GROUP if host_os == "darwin" else ""),
        networks=networks,
    )
    return DecodedNetworks(networks=filled, warnings=tuple(warnings))


def _filled(network: _NetworkLayer) -> SharedNetwork:
    return SharedNetwork(
        mode=network.mode or "",
        interface=network.interface or "",
        gateway=network.gateway or "",
        dhcp_end=network.dhcp_end or "",
        netmask=network.netmask or (_NETMASK if network.gateway and ":" not in network.gateway else ""),
    )


def _odd(networks: dict[str, SharedNetwork], source: str) -> list[str]:
    return [
        f"{source}: networks.{name}.netmask: {network.netmask} is no netmask: a one follows a zero"
        for name, network in networks.items()
        if network.netmask and ":" not in network.netmask and prefix_length(network.netmask) is None
    ]
