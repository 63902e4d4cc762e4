import os
import socket
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.guestagent.diagwire import INET, INET6
from limavm.guestagent.ports import Port
from limavm.guestagent.procnet import listening, parse

little_endian = pytest.mark.skipif(sys.byteorder == "big", reason="the tables below are those of other machines")
HEADER = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
TCP = (
    HEADER
    + b"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0000 100 0 0\n"
    + b"   1: 0100007F:1F91 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0000 100 0 0\n"
)
TCP6 = (
    HEADER + b"   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A"
    b" 00000000:00000000 00:00000000 00000000     0        0 13 1 0000 100 0 0 10 0\n"
)


@little_endian
def test_sockets_that_listen_are_in_the_tables_of_proc(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_bytes(TCP)
    (tmp_path / "tcp6").write_bytes(TCP6)

    assert list(listening("tcp", directory=str(tmp_path))) == [Port("tcp", "127.0.0.1", 8080), Port("tcp", "::1", 80)]


@little_endian
def test_a_guest_without_ipv6_has_only_one_table(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_bytes(TCP)

    assert list(listening("tcp", directory=str(tmp_path))) == [Port("tcp", "127.0.0.1", 8080)]


def test_no_table_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(listening("udp", directory=str(tmp_path)))


@given(st.lists(st.binary(max_size=60) | st.sampled_from(TCP.splitlines()), max_size=5), st.sampled_from([INET, INET6]))
def test_lines_that_make_no_sense_are_left_out(lines: list[bytes], family: int) -> None:
    fields = [b"0:", b"zz:80", b"x", b"0A", b"", b"", b"", b"", b"", b"5", b""]

    for port in parse(iter([*lines, b" ".join(fields), b"0: :0 0 0A 0 0 0 0 0 0 0 0"]), "tcp", family):
        assert 0 < port.port < 65536


@pytest.mark.skipif(sys.platform != "linux" or not os.path.exists("/proc/self/net/udp"), reason="needs Linux's /proc")
def test_a_real_socket_is_found_in_proc() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))

        assert Port("udp", "127.0.0.1", bound.getsockname()[1]) in set(listening("udp"))
