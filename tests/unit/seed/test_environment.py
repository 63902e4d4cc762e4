"""spec/runtime.md 6.4 and 6.5: the variables of the guest, and how it reaches the host's proxies."""

import msgspec
import pytest

from limavm.seed.environment import etc_environment, lima_env, reachable_proxy
from tests.unit.seed.examples import CONFIG, FACTS, RICH, RICH_FACTS

replace = msgspec.structs.replace


def parsed(text: bytes) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.decode().splitlines() if not line.startswith("#"))


def test_the_hosts_home_is_named_when_it_is_mounted() -> None:
    assert parsed(lima_env(CONFIG, FACTS))["LIMA_CIDATA_HOSTHOME_MOUNTPOINT"] == ""
    assert parsed(lima_env(RICH, RICH_FACTS))["LIMA_CIDATA_HOSTHOME_MOUNTPOINT"] == "/home/me"


def test_proxies_on_the_hosts_loopback_are_reached_through_the_gateway() -> None:
    found = parsed(etc_environment(RICH, RICH_FACTS))

    assert found["http_proxy"] == found["HTTP_PROXY"] == "http://user:pw@192.168.5.2:3128/"
    assert found["https_proxy"] == found["HTTPS_PROXY"] == "http://proxy.example:8080"
    assert found["no_proxy"] == found["NO_PROXY"] == "localhost"
    assert found["EDITOR"] == "vi"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:3128", "http://192.168.5.2:3128"),
        ("http://[::1]:3128/x", "http://192.168.5.2:3128/x"),
        ("http://127.8.9.1", "http://192.168.5.2"),
        ("http://10.0.0.1:3128", "http://10.0.0.1:3128"),
        ("localhost:3128", "localhost:3128"),
        ("http://[bad", "http://[bad"),
        ("http://localhost:port", "http://localhost:port"),
    ],
)
def test_a_proxy_url_that_is_not_understood_is_kept(url: str, expected: str) -> None:
    assert reachable_proxy(url, "192.168.5.2") == expected


def test_an_empty_proxy_variable_of_the_host_deletes_that_of_the_configuration() -> None:
    config = replace(CONFIG, env={"http_proxy": "http://a:1"})

    assert parsed(etc_environment(config, replace(FACTS, proxies={"http_proxy": ""}))) == {}


def test_the_hosts_proxies_stay_outside_when_they_are_not_to_be_propagated() -> None:
    config = replace(CONFIG, propagate_proxy_env=False, env={"http_proxy": "http://a:1"})

    found = parsed(etc_environment(config, replace(FACTS, proxies={"http_proxy": "http://b:2"})))

    assert found["HTTP_PROXY"] == "http://a:1"
