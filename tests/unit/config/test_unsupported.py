import pytest

from limavm.config.unsupported import without_later
from tests.unit.config.conftest import Resolve


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("networks: [{lima: user-v2}]", "networks"),
    ],
)
def test_a_key_that_has_no_effect_yet_warns_once(resolved: Resolve, text: str, key: str) -> None:
    assert resolved(text).warnings == (f"dev.yaml:1: {key}: has no effect yet, a later version of limavm brings it",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mounts: [{location: /tmp, mountPoint: /m}]",
        "portForwards: [{guestPort: 80}]",
        "copyToHost: [{guest: /a, host: /b}]",
        "containerd: {system: true, user: true}",
        "networks: null",
        "additionalDisks: [a]",
    ],
)
def test_what_is_not_asked_for_does_not_warn(resolved: Resolve, text: str) -> None:
    assert resolved(text).warnings == ()


def test_nobody_begins_to_act_on_what_has_no_effect_yet(resolved: Resolve) -> None:
    config = without_later(resolved("networks: [{lima: user-v2}]").config)

    assert config.networks == ()
