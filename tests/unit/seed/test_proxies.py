"""spec/runtime.md 6.5: where proxy variables come from, and how the guest reaches the host's proxies."""

import pytest

from limavm.seed.proxies import guest_proxies, odd_proxies, overlaid, proxy_hosts, reachable_proxy

GATEWAY = "192.168.5.2"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:3128", "http://192.168.5.2:3128"),
        ("http://LocalHost:3128", "http://192.168.5.2:3128"),
        ("http://app.localhost", "http://192.168.5.2"),
        ("http://[::1]:3128/x", "http://192.168.5.2:3128/x"),
        ("http://[::ffff:127.0.0.1]:3128", "http://192.168.5.2:3128"),
        ("http://127.8.9.1", "http://192.168.5.2"),
        ("socks5h://me:p%40ss@127.0.0.1:1080", "socks5h://me:p%40ss@192.168.5.2:1080"),
        ("http://proxy.test:3128", "http://192.168.5.2:3128"),
        ("http://Proxy.Test", "http://192.168.5.2"),
        ("http://10.0.0.1:3128", "http://10.0.0.1:3128"),
        ("http://other.test:3128", "http://other.test:3128"),
    ],
)
def test_a_proxy_on_the_hosts_loopback_is_reached_through_the_gateway(url: str, expected: str) -> None:
    assert reachable_proxy(url, GATEWAY, {"proxy.test"}) == expected


@pytest.mark.parametrize(
    "url", ["localhost:3128", "http://[bad", "http://localhost:port", "127.0.0.1:3128", "http:///x"]
)
def test_a_proxy_that_is_no_url_is_kept_and_told(url: str) -> None:
    assert guest_proxies({"http_proxy": url}, GATEWAY)["HTTP_PROXY"] == url
    assert len(list(odd_proxies({"http_proxy": url}))) == 1
    assert proxy_hosts({"http_proxy": url}) == set()


def test_only_names_need_to_be_looked_up() -> None:
    variables = {
        "http_proxy": "http://Proxy.test:1",
        "HTTPS_PROXY": "http://me:pw@other.test",
        "ftp_proxy": "http://127.0.0.1:1",
        "FTP_PROXY": "http://localhost:1",
        "no_proxy": "http://not.looked.at",
    }

    assert proxy_hosts(variables) == {"proxy.test", "other.test"}
    assert list(odd_proxies(variables)) == []


def test_later_sources_go_over_earlier_ones_spelling_by_spelling() -> None:
    system = {"http_proxy": "http://system", "https_proxy": "http://system"}
    configured = {"HTTP_PROXY": "http://configured", "https_proxy": "http://configured", "PATH": "/bin"}
    of_process = {"https_proxy": "http://process", "no_proxy": "a,b"}

    assert overlaid(system, configured, of_process) == {
        "http_proxy": "http://system",
        "HTTP_PROXY": "http://configured",
        "https_proxy": "http://process",
        "no_proxy": "a,b",
    }


def test_an_empty_value_removes_a_variable() -> None:
    variables = overlaid({"http_proxy": "http://system"}, {"http_proxy": ""}, {})

    assert variables == {}


def test_both_spellings_become_equal_and_lower_case_wins() -> None:
    variables = {"http_proxy": "http://lower", "HTTP_PROXY": "http://upper", "NO_PROXY": "localhost"}

    assert guest_proxies(variables, GATEWAY) == {
        "http_proxy": "http://lower",
        "HTTP_PROXY": "http://lower",
        "no_proxy": "localhost",
        "NO_PROXY": "localhost",
    }
