"""The networks that Lima defines by default."""

from limavm.config.networks import default_text
from limavm.config.networktext import decode_networks
from limavm.model.network import Networks

PROGRAM = "/opt/socket_vmnet/bin/socket_vmnet"


def defaults(more: str = "") -> Networks:
    text = default_text([PROGRAM]).decode() + more
    return decode_networks(text.encode(), "networks.yaml", host_os="darwin").networks
