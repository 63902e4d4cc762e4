"""What listens in the guest, as a value."""

from typing import NamedTuple


class Port(NamedTuple):
    """A socket that waits for peers: `protocol` is `tcp` or `udp`, `ip` as inet_ntop writes it.

    `v6only`: it is bound to `::` and takes no IPv4 peers.
    """

    protocol: str
    ip: str
    port: int
    v6only: bool = False
