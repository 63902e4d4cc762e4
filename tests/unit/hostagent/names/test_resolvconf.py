from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.hostagent.names.resolvconf import PUBLIC_SERVERS, Server, SystemServers, parse_servers

TEXT = """# made by hand
; nameserver 1.2.3.4
search example.org
nameserver 10.0.0.1 # the first
 nameserver\t2001:db8::1
nameserver fe80::1%eth0
nameserver example.org
nameserver
nameserver 10.0.0.1
options ndots:2 timeout:1 edns0
NAMESERVER 10.9.9.9
"""


def test_servers_are_those_of_resolv_conf_in_its_order() -> None:
    assert parse_servers(TEXT) == (Server("10.0.0.1"), Server("2001:db8::1"), Server("fe80::1%eth0"))
    assert Server("10.0.0.1").port == 53


@given(st.text())
def test_any_text_will_do(text: str) -> None:
    assert len(parse_servers(text)) <= 8


def test_a_long_list_has_an_end() -> None:
    assert len(parse_servers("".join(f"nameserver 10.0.0.{index}\n" for index in range(100)))) == 8


def test_the_servers_follow_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "resolv.conf"
    servers = SystemServers(str(path))
    seen = [servers(), servers()]

    path.write_text("nameserver 10.0.0.1\n")
    seen.append(servers())
    path.write_text("nameserver 10.0.0.22\n")
    seen.append(servers())

    assert seen == [PUBLIC_SERVERS, PUBLIC_SERVERS, (Server("10.0.0.1"),), (Server("10.0.0.22"),)]
    assert len(caplog.messages) == 1
    assert "8.8.8.8" in caplog.text
