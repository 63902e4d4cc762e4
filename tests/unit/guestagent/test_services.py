import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.guestagent import services
from limavm.guestagent.ports import Port
from limavm.guestagent.services import Known, Objects, TooLongError


def event(kind: str, name: str, type_: str, *ports: dict[str, Any], namespace: str = "default") -> bytes:
    service = {"metadata": {"name": name, "namespace": namespace}, "spec": {"type": type_, "ports": list(ports)}}
    return json.dumps({"type": kind, "object": service}).encode()


HTTP = {"protocol": "TCP", "port": 80, "nodePort": 30080}
DNS = {"protocol": "UDP", "port": 53, "nodePort": 30053}


def told(*events: bytes) -> frozenset[Port]:
    known = Known()
    for text in events:
        known.tell(text)
    return known.ports()


def test_the_node_answers_on_the_node_port_of_a_node_port_service() -> None:
    assert told(event("ADDED", "web", "NodePort", HTTP, DNS)) == {
        Port("tcp", "0.0.0.0", 30080),
        Port("udp", "0.0.0.0", 30053),
    }


def test_the_node_answers_on_the_port_of_a_load_balancer() -> None:
    assert told(event("ADDED", "web", "LoadBalancer", HTTP)) == {Port("tcp", "0.0.0.0", 80)}


@pytest.mark.parametrize("kind", ["ClusterIP", "ExternalName", "", "x"])
def test_other_services_are_not_told(kind: str) -> None:
    assert told(event("ADDED", "web", kind, HTTP)) == frozenset()


def test_sctp_is_left_out() -> None:
    assert told(event("ADDED", "web", "NodePort", {**HTTP, "protocol": "SCTP"}, DNS)) == {Port("udp", "0.0.0.0", 30053)}


def test_a_service_that_is_modified_has_its_new_ports_only() -> None:
    events = [event("ADDED", "web", "NodePort", HTTP), event("MODIFIED", "web", "LoadBalancer", DNS)]

    assert told(*events) == {Port("udp", "0.0.0.0", 53)}
    assert told(*events, event("MODIFIED", "web", "ClusterIP", DNS)) == frozenset()


def test_a_service_that_is_deleted_has_none() -> None:
    other = event("ADDED", "web", "NodePort", DNS, namespace="other")

    assert told(event("ADDED", "web", "NodePort", HTTP), other, event("DELETED", "web", "NodePort", HTTP)) == {
        Port("udp", "0.0.0.0", 30053)
    }


def test_bookmarks_and_errors_are_no_services() -> None:
    assert (
        told(b'{"type": "BOOKMARK", "object": {}}', b'{"type": "ERROR", "object": {"kind": "Status"}}') == frozenset()
    )


@pytest.mark.parametrize("number", [0, -1, 65536, 10**30, "80", 80.5, None, True, [80]])
def test_a_port_that_is_none_is_left_out(number: object) -> None:
    assert told(event("ADDED", "web", "LoadBalancer", {"protocol": "TCP", "port": number})) == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"[]",
        b"null",
        b'{"type": "ADDED"}',
        b'{"type": "ADDED", "object": []}',
        b'{"type": "ADDED", "object": {"metadata": 1}}',
        b'{"type": "ADDED", "object": {"metadata": {"name": 1}}}',
        json.dumps({"type": "ADDED", "object": {"metadata": {"name": "x" * 9999}}}).encode(),
        b'{"type": "ADDED", "object": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"type": "\xff\xfe"}',
        b'{"type": "ADDED", "object": ' + b"9" * 1_000_000 + b"}",
    ],
)
def test_an_event_that_makes_no_sense_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        told(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "ports", "port"]), inner),
    max_leaves=8,
)


@given(JSON, JSON, JSON)
def test_no_event_does_harm(spec: object, ports: object, metadata: object) -> None:
    known = Known()
    for value in (spec, {"type": "NodePort", "ports": ports}):
        service = {"metadata": {"name": "web"}, "spec": value}
        known.tell(json.dumps({"type": "ADDED", "object": service}).encode())

    assert known.ports() == frozenset()


def test_a_cluster_with_too_many_ports_is_not_followed_any_further() -> None:
    known = Known()
    known.tell(event("ADDED", "a", "LoadBalancer", *({"port": number + 1} for number in range(services.MAX_PORTS))))

    with pytest.raises(ValueError, match="more services"):
        known.tell(event("ADDED", "b", "LoadBalancer", {"port": 50000}))
    known.tell(event("DELETED", "a", "LoadBalancer"))
    known.tell(event("ADDED", "b", "LoadBalancer", {"port": 50000}))
    assert known.ports() == {Port("tcp", "0.0.0.0", 50000)}


TEXTS = [b"{}", b'{"a":"}{"}', b'{"a":{"b":"\\"}"}}', b'{\n  "a": "\\\\"\n}', '{"ü":"\\u007b"}'.encode()]


@given(st.lists(st.sampled_from(TEXTS)), st.sampled_from([b"", b"\n", b' \r\n,"']), st.integers(1, 7))
def test_objects_are_found_wherever_the_stream_is_cut(texts: list[bytes], between: bytes, size: int) -> None:
    stream = b"".join(between + text for text in texts)
    objects = Objects()
    found = [text for at in range(0, len(stream), size) for text in objects.feed(stream[at : at + size])]

    assert found == texts


@given(st.lists(st.text(alphabet='{}"\\ a', max_size=30).map(str.encode)))
def test_no_stream_does_harm(parts: list[bytes]) -> None:
    objects = Objects()
    for part in parts:
        for text in objects.feed(part):
            assert text.startswith(b"{")
            assert text.endswith(b"}")


def test_an_object_without_end_is_refused_before_it_fills_the_memory() -> None:
    objects = Objects(limit=1000)

    for _ in range(10):
        assert list(objects.feed(b'{"a":"' + b"x" * 90)) == []
    with pytest.raises(TooLongError):
        list(objects.feed(b"x" * 100))


def test_what_is_no_object_is_not_kept() -> None:
    objects = Objects(limit=1000)

    for _ in range(100):
        assert list(objects.feed(b"error: connection refused\n" * 10)) == []
