"""spec/runtime.md 6.4 and 6.5: the variables of the guest, and how it reaches the host's proxies."""

import msgspec
import pytest

from limavm.model.config import Config, HostResolver
from limavm.seed.environment import etc_environment, lima_env
from limavm.seed.facts import SeedFacts
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


def test_names_that_mean_the_host_are_reached_through_the_gateway() -> None:
    facts = replace(FACTS, proxies={"http_proxy": "http://me.test:1"}, loopback_hosts=frozenset({"me.test"}))

    assert parsed(etc_environment(CONFIG, facts))["HTTP_PROXY"] == "http://192.168.5.2:1"


def test_the_settings_of_the_system_come_first_and_are_always_there() -> None:
    facts = replace(FACTS, system_proxies={"http_proxy": "http://s:1", "https_proxy": "http://s:2"})
    config = replace(CONFIG, propagate_proxy_env=False, env={"https_proxy": "http://c:1"})

    found = parsed(etc_environment(config, facts))

    assert (found["http_proxy"], found["https_proxy"]) == ("http://s:1", "http://c:1")


def test_an_empty_proxy_variable_of_the_host_deletes_that_of_the_configuration() -> None:
    config = replace(CONFIG, env={"http_proxy": "http://a:1"})

    assert parsed(etc_environment(config, replace(FACTS, proxies={"http_proxy": ""}))) == {}


def test_the_hosts_proxies_stay_outside_when_they_are_not_to_be_propagated() -> None:
    config = replace(CONFIG, propagate_proxy_env=False, env={"http_proxy": "http://a:1"})

    found = parsed(etc_environment(config, replace(FACTS, proxies={"http_proxy": "http://b:2"})))

    assert found["HTTP_PROXY"] == "http://a:1"


@pytest.mark.parametrize(
    ("config", "facts", "ports"),
    [
        (CONFIG, FACTS, ("53053", "53054")),
        (replace(CONFIG, host_resolver=HostResolver(enabled=False)), FACTS, ("0", "0")),
        (replace(CONFIG, dns=("1.1.1.1",)), FACTS, ("0", "0")),
        (CONFIG, replace(FACTS, vm_type="vz"), ("0", "0")),
    ],
)
def test_there_is_no_redirect_where_the_host_agent_is_not_asked(
    config: Config, facts: SeedFacts, ports: tuple[str, str]
) -> None:
    found = parsed(lima_env(config, replace(facts, udp_dns_local_port=53053, tcp_dns_local_port=53054)))

    assert (found["LIMA_CIDATA_UDP_DNS_LOCAL_PORT"], found["LIMA_CIDATA_TCP_DNS_LOCAL_PORT"]) == ports
