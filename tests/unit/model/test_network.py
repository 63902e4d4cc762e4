import msgspec
import pytest

from limavm.model.network import SharedNetwork, prefix_length


@pytest.mark.parametrize(
    ("netmask", "length"),
    [
        ("255.255.255.0", 24),
        ("255.255.252.0", 22),
        ("255.255.255.255", 32),
        ("0.0.0.0", 0),
        ("255.0.255.0", None),
        ("0.0.0.1", None),
    ],
)
def test_a_netmask_has_a_length_when_no_one_follows_a_zero(netmask: str, length: int | None) -> None:
    assert prefix_length(netmask) == length


def test_what_a_network_does_not_have_is_left_out() -> None:
    network = SharedNetwork(mode="bridged", interface="en0")

    assert msgspec.to_builtins(network) == {"mode": "bridged", "interface": "en0"}
