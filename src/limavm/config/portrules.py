"""The defaults of one rule of `portForwards` (spec/config.md 1.10)."""

from limavm.config import layer
from limavm.config.expand import Expander
from limavm.model.config import PortForward

_ALL = (1, 65535)
_ZERO = "0.0.0.0"  # noqa: S104 - an address to compare with
_LOOPBACK = "127.0.0.1"


def forward(rule: layer.PortForward, key: str, expander: Expander) -> PortForward:
    """The rule with every default. With a host socket, the range of host ports stays as given, or is `(0, 0)`."""
    guest_ip = rule.guest_ip or (_ZERO if rule.guest_ip_must_be_zero else _LOOPBACK)
    must_be_zero = guest_ip == _ZERO if rule.guest_ip_must_be_zero is None else rule.guest_ip_must_be_zero
    guest_range = _range(rule.guest_port_range, rule.guest_port) or _ALL
    host_socket = _host_socket(rule.host_socket or "", key, expander)
    if host_socket:
        host_range = rule.host_port_range or (0, 0)
    else:
        host_range = _range(rule.host_port_range, rule.host_port) or guest_range
    return PortForward(
        guest_ip=guest_ip,
        guest_ip_must_be_zero=must_be_zero,
        guest_port=rule.guest_port or 0,
        guest_port_range=guest_range,
        guest_socket=expander.guest(rule.guest_socket or "", f"{key}.guestSocket"),
        host_ip=rule.host_ip or _LOOPBACK,
        host_port=rule.host_port or 0,
        host_port_range=host_range,
        host_socket=host_socket,
        proto=rule.proto or "any",
        reverse=bool(rule.reverse),
        ignore=bool(rule.ignore),
        static=bool(rule.static),
    )


def _range(given: layer.PortRange | None, port: int | None) -> tuple[int, int] | None:
    if given not in (None, (0, 0)):
        return given
    return (port, port) if port else None


def _host_socket(text: str, key: str, expander: Expander) -> str:
    path = expander.host(text, f"{key}.hostSocket")
    if not path or expander.path.isabs(path):
        return path
    return str(expander.path.join(expander.context.directory, "sock", path))
