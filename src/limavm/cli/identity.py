"""What only one machine can have, taken out of the text of a clone: explicit ports of ssh and MAC addresses."""

from limavm.cli.changed import applied
from limavm.cli.edits import Edit
from limavm.cli.expressions import quoted
from limavm.config.decode import decode
from limavm.config.layer import Layer


def with_own_identity(text: bytes, original: bytes, *, source: str) -> tuple[bytes, list[str]]:
    """The text for a clone without what the original keeps for itself, and a sentence for each thing.

    What flags have set to something else stays.
    """
    changes = _own(decode(text, source).layer, decode(original, source).layer)
    return applied(text, [edit for edit, _ in changes], source=source), [told for _, told in changes]


def _own(copy: Layer, original: Layer) -> list[tuple[Edit, str]]:
    found = []
    port = copy.ssh.local_port
    if port and port == original.ssh.local_port:
        edit = Edit(flag="clone", expression=".ssh.localPort = 0")
        found.append((edit, f"the port {port} of ssh stays with the original; the clone gets a free one at each start"))
    taken = {network.mac_address for network in original.networks or () if network.mac_address}
    for address in sorted({network.mac_address for network in copy.networks or () if network.mac_address} & taken):
        expression = f"del(.networks[] | select(.macAddress == {quoted(address)}) | .macAddress)"
        edit = Edit(flag="clone", expression=expression)
        found.append((edit, f"the MAC address {address} stays with the original; the clone gets one of its own"))
    return found
