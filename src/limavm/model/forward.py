"""What listens in the guest, what is forwarded to the host, and what `limactl ports` shows of it."""

from enum import StrEnum

from limavm.model.value import Sparse, Value

#: A static rule opens all of its ports at once, for tcp and udp; a slip of the pen must not take every port there is.
MOST_STATIC_PORTS = 1000


class Listener(Value, frozen=True, kw_only=True):
    """A socket of the guest that waits for peers; `protocol` is `tcp` or `udp`, `ip` as the kernel writes it.

    `v6only`: it is bound to `::` and takes no IPv4 peers.
    """

    protocol: str
    ip: str
    port: int
    v6only: bool = False


class Route(StrEnum):
    """How the bytes of a forward go."""

    #: The hypervisor itself (`hostfwd` of QEMU's user-mode network).
    HOSTFWD = "hostfwd"
    #: The ssh control master.
    SSH = "ssh"
    #: A tunnel of the guest agent.
    GRPC = "grpc"


class Forward(Value, frozen=True, kw_only=True):
    """One forward. Addresses are `127.0.0.1:80`, `[::1]:80`, or the absolute path of a unix socket.

    The host side listens; with `reverse`, which only sockets have, the guest's does.
    """

    protocol: str
    guest: str
    host: str
    route: Route
    reverse: bool = False
    #: Asked for by a rule, whether or not anything listens in the guest.
    static: bool = False


class HostForward(Value, frozen=True, kw_only=True):
    """A port of the host (`host_ip` is IPv4) that the hypervisor itself forwards to the guest's own address."""

    protocol: str
    host_ip: str
    host_port: int
    guest_port: int


class PortState(StrEnum):
    """What became of a listener or a rule."""

    FORWARDED = "forwarded"
    #: Decided, and not open yet (ssh or the guest agent is not connected).
    PENDING = "pending"
    #: The host side could not be opened; tried again until it can.
    FAILED = "failed"
    IGNORED = "ignored"


class PortStatus(Sparse, frozen=True, kw_only=True):
    """One line of `limactl ports`.

    `reason` tells which rule decided, or why it failed; `holder` who holds the host's port, such as `nginx (PID 71)`.
    """

    protocol: str
    guest_addr: str
    host_addr: str = ""
    state: PortState
    route: Route | None = None
    reverse: bool = False
    static: bool = False
    reason: str = ""
    holder: str = ""
