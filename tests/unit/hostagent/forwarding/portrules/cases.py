"""Rules and listeners written shortly."""

from limavm.hostagent.forwarding.portrules.matching import effective_rules
from limavm.model.config import PortForward
from limavm.model.forward import Listener

SSH_PORT = 60022


def rule(
    guest: int | tuple[int, int] = (1, 65535), host: int | tuple[int, int] | str | None = None, **others: object
) -> PortForward:
    """A rule as the loader fills it; `host` is a port, a range, or the path of a socket."""
    guest_range = (guest, guest) if isinstance(guest, int) else guest
    values: dict[str, object] = {"guest_port_range": guest_range, "host_port_range": guest_range}
    if isinstance(host, str):
        values.update(host_socket=host, host_port_range=(0, 0))
    elif host is not None:
        values["host_port_range"] = (host, host) if isinstance(host, int) else host
    if others.get("guest_ip") == "0.0.0.0":
        values["guest_ip_must_be_zero"] = True
    return PortForward(**{**values, **others})  # type: ignore[arg-type] # names of its fields


def rules(*own: PortForward) -> tuple[PortForward, ...]:
    """The effective rules."""
    return effective_rules(own, SSH_PORT)


def listener(place: str, protocol: str = "tcp", *, v6only: bool = False) -> Listener:
    """What listens on `place`: `127.0.0.1:80`, `[::1]:80`."""
    ip, _, port = place.rpartition(":")
    return Listener(protocol=protocol, ip=ip.strip("[]"), port=int(port), v6only=v6only)
