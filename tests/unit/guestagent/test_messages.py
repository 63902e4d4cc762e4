"""The stand-in for protobuf makes and reads what the real one makes and reads, and takes no other bytes."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message as RealMessage
from hypothesis import given, settings
from hypothesis import strategies as st

from limavm.guestagent import messages as ours
from limavm.wire import messages as theirs

NAMES = [name for name in theirs.__all__ if name != "DecodeError"]
KINDS = {
    FieldDescriptor.TYPE_STRING: ours.STRING,
    FieldDescriptor.TYPE_BYTES: ours.BYTES,
    FieldDescriptor.TYPE_BOOL: ours.BOOL,
    FieldDescriptor.TYPE_INT32: ours.INT32,
    FieldDescriptor.TYPE_INT64: ours.INT64,
}
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    ours.STRING: st.text(max_size=200),
    ours.BYTES: st.binary(max_size=300),
    ours.BOOL: st.booleans(),
    ours.INT32: st.integers(-(2**31), 2**31 - 1),
    ours.INT64: st.integers(-(2**63), 2**63 - 1),
}
Fields = dict[str, Any]


def fields(kind: type[ours.Message]) -> st.SearchStrategy[Fields]:
    """What the fields of a message may be set to: a message in it is a dictionary of its fields."""
    optional = {}
    for name, value, repeated in kind.FIELDS.values():
        one = VALUES[value] if isinstance(value, ours.Kind) else fields(value)
        optional[name] = st.lists(one, max_size=4) if repeated else one
    return st.fixed_dictionaries({}, optional=optional)


ANY = st.sampled_from(NAMES).flatmap(lambda name: st.tuples(st.just(name), fields(getattr(ours, name))))


def build(module: Any, name: str, values: Fields) -> Any:
    """The message with such fields, by its constructor."""
    types = {field: kind for field, kind, _ in getattr(ours, name).FIELDS.values()}

    def made(field: str, value: Any) -> Any:
        if isinstance(value, list):
            return [made(field, one) for one in value]
        return build(module, types[field].__name__, value) if isinstance(value, dict) else value

    return getattr(module, name)(**{field: made(field, value) for field, value in values.items()})


def plain(message: Any) -> Any:
    """What can be read of a message by its attributes, whoever made it."""
    if isinstance(message, ours.Message | RealMessage):
        fields = getattr(ours, type(message).__name__).FIELDS.values()
        return {name: plain(getattr(message, name)) for name, _, _ in fields}
    return [plain(one) for one in message] if hasattr(message, "extend") else message


def table(message: Any) -> dict[int, tuple[str, str, bool]]:
    return {
        field.number: (
            field.name,
            field.message_type.name if field.message_type else str(list(KINDS).index(field.type)),
            field.is_repeated,
        )
        for field in message.DESCRIPTOR.fields
    }


@pytest.mark.parametrize("name", NAMES)
def test_its_fields_are_those_of_the_proto(name: str) -> None:
    kinds = list(KINDS.values())
    found = {
        number: (field, str(kinds.index(kind)) if isinstance(kind, ours.Kind) else kind.__name__, repeated)
        for number, (field, kind, repeated) in getattr(ours, name).FIELDS.items()
    }

    assert found == table(getattr(theirs, name))
    assert list(found) == sorted(found)
    assert ours.__all__ == theirs.__all__


@given(ANY)
@settings(deadline=None, max_examples=300)
def test_it_makes_the_bytes_that_the_real_one_makes(case: tuple[str, Fields]) -> None:
    mine, real = build(ours, *case), build(theirs, *case)

    assert mine.SerializeToString() == real.SerializeToString()
    assert plain(mine) == plain(real)


@given(ANY)
@settings(deadline=None, max_examples=300)
def test_it_reads_what_the_real_one_has_written(case: tuple[str, Fields]) -> None:
    real = build(theirs, *case)
    mine = getattr(ours, case[0]).FromString(real.SerializeToString())

    assert plain(mine) == plain(real)
    assert mine == build(ours, *case)
    assert mine.SerializeToString() == real.SerializeToString()


def agree(name: str, data: bytes) -> None:
    """Both take the bytes and read the same, or both refuse them with their DecodeError."""
    try:
        real = getattr(theirs, name).FromString(data)
    except theirs.DecodeError:
        real = None
    try:
        mine = getattr(ours, name).FromString(data)
    except ours.DecodeError:
        mine = None

    if name == "Empty" and mine is None:
        return  # where no field is known, the real one takes one without a number, too
    assert (mine is None) == (real is None)
    assert plain(mine) == plain(real)


@given(st.sampled_from(NAMES), st.binary(max_size=60))
@settings(deadline=None, max_examples=1000)
def test_it_takes_or_refuses_any_bytes_as_the_real_one_does(name: str, data: bytes) -> None:
    agree(name, data)


@given(ANY, st.sampled_from(NAMES), st.data())
@settings(deadline=None, max_examples=1000)
def test_messages_that_are_cut_changed_or_of_another_type_are_judged_alike(
    case: tuple[str, Fields], other: str, data: st.DataObject
) -> None:
    message = bytearray(build(ours, *case).SerializeToString())
    for _ in range(data.draw(st.integers(0, 4))):
        if message:
            message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(message[: data.draw(st.integers(0, len(message)))])

    agree(case[0], cut)
    agree(other, bytes(message))


#: Numbers 1 to 4 are fields of the messages, and the others of none.
WIRE = st.recursive(
    st.one_of(
        st.tuples(st.integers(1, 20), st.integers(0, 2**64 - 1)).map(lambda f: number(f[0] << 3) + number(f[1])),
        st.tuples(st.integers(1, 20), st.binary(max_size=9)).map(lambda f: piece(*f)),
        st.integers(1, 20).map(lambda n: number(n << 3 | 1) + bytes(8)),
        st.integers(1, 20).map(lambda n: number(n << 3 | 5) + bytes(4)),
    ),
    lambda inner: st.one_of(
        st.tuples(st.integers(1, 20), st.lists(inner, max_size=3).map(b"".join)).map(lambda f: piece(*f)),
        st.tuples(st.integers(1, 20), st.lists(inner, max_size=3).map(b"".join)).map(
            lambda f: number(f[0] << 3 | 3) + f[1] + number(f[0] << 3 | 4)
        ),
    ),
)


def number(value: int) -> bytes:
    """A varint."""
    return ours._varint_bytes(value)


def piece(field: int, data: bytes) -> bytes:
    """A field that is a piece of data."""
    return number(field << 3 | 2) + number(len(data)) + data


@given(st.sampled_from(NAMES), st.lists(WIRE, max_size=6).map(b"".join))
@settings(deadline=None, max_examples=1000)
def test_unknown_fields_groups_and_fields_of_another_type_are_skipped_and_the_last_one_counts(
    name: str, data: bytes
) -> None:
    agree(name, data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("IPPort", b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", id="-1 as ten bytes"),
        pytest.param("IPPort", b"\x18\xff\xff\xff\xff\x0f", id="-1 as five bytes"),
        pytest.param("IPPort", b"\x18\x80\x80\x80\x80\x10", id="more bits than it has"),
        pytest.param("IPPort", b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", id="more bits than any number has"),
        pytest.param("IPPort", b"\x18" + b"\x80" * 10 + b"\x01", id="a number of eleven bytes"),
        pytest.param("IPPort", b"\x98\x00\x05", id="a tag with a byte too many"),
        pytest.param("IPPort", b"\x98\x80\x80\x80\x80\x00\x05", id="a tag of six bytes"),
        pytest.param("IPPort", b"\xf8\xff\xff\xff\x1f\x05", id="a tag of more than 32 bits"),
        pytest.param("IPPort", b"\x00\x05", id="field 0"),
        pytest.param("IPPort", b"\x0e", id="no such type of field"),
        pytest.param("IPPort", b"\x78\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", id="true in the last bit"),
        pytest.param("IPPort", b"\x0a\x02\xc3(", id="not UTF-8"),
        pytest.param("IPPort", b"\x0a\x03\xed\xa0\x80", id="half a surrogate pair"),
        pytest.param("IPPort", b"\x0a\x05ab", id="longer than the message"),
        pytest.param("IPPort", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", id="longer than anything"),
        pytest.param("IPPort", b"\x24", id="the end of no group"),
        pytest.param("IPPort", b"\x23\x24", id="an empty group"),
        pytest.param("IPPort", b"\x23\x2c", id="a group that ends as another one"),
        pytest.param("IPPort", b"\x23\x0a\x01", id="a group without an end"),
        pytest.param("Inotify", b"\x12\x02\x08\x05\x12\x02\x10\x07", id="a message in two pieces"),
        pytest.param("Inotify", b"\x12\x00", id="a message that is there, and empty"),
        pytest.param("Inotify", b"\x12\x02\x23\x24", id="a group in a message"),
        pytest.param("Inotify", b"\x12\x01\x23\x24", id="a group that leaves its message"),
    ],
)
def test_it_judges_what_is_odd_as_the_real_one_does(name: str, data: bytes) -> None:
    agree(name, data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x23" * (4 << 20), id="groups in groups"),
        pytest.param(b"\x23\x24" * (1 << 20), id="empty groups"),
        pytest.param(b"\x0a\x00" * (1 << 18), id="empty messages"),
        pytest.param(b"\xa0\x06" + b"\x80" * (4 << 20), id="a number without an end"),
        pytest.param(b"\x80" * (4 << 20), id="a tag without an end"),
    ],
)
def test_what_is_long_takes_time_in_proportion(data: bytes) -> None:
    began = time.process_time()
    with contextlib.suppress(ours.DecodeError):
        ours.Info.FromString(data)

    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda module: module.IPPort(number=1), id="no such field"),
        pytest.param(lambda module: module.IPPort(port=1 << 31).SerializeToString(), id="too large"),
        pytest.param(lambda module: module.IPPort(port=-(1 << 31) - 1).SerializeToString(), id="too small"),
        pytest.param(lambda module: module.IPPort(port=1.5).SerializeToString(), id="a fraction"),
        pytest.param(lambda module: module.IPPort(ip=1).SerializeToString(), id="no text"),
        pytest.param(lambda module: module.IPPort(ip="\ud800").SerializeToString(), id="text that is no UTF-8"),
        pytest.param(lambda module: module.TunnelMessage(data="text").SerializeToString(), id="no bytes"),
        pytest.param(lambda module: module.Empty().nothing, id="an attribute that is no field"),
    ],
)
def test_what_a_field_cannot_hold_is_refused(make: Callable[[Any], Any]) -> None:
    for module in (theirs, ours):
        with pytest.raises((TypeError, ValueError, AttributeError)):
            make(module)


def test_a_message_in_a_message_is_there_when_something_in_it_is_set() -> None:
    for module in (theirs, ours):
        asked: Any = module.Event()
        changed: Any = module.Event()
        given: Any = module.Event(time=module.Timestamp())
        assert asked.time.seconds == 0
        changed.time.seconds, changed.time.nanos = 0, 7

        assert asked.SerializeToString() == b""
        assert changed.SerializeToString() == b"\x0a\x02\x10\x07"
        assert given.SerializeToString() == b"\x0a\x00"


def test_lists_grow_in_place() -> None:
    for module in (theirs, ours):
        event: Any = module.Event(errors=["a"])
        event.errors.append("b")
        event.errors.extend(["c"])
        added = event.added_local_ports.add(protocol="tcp", port=80)
        event.removed_local_ports.append(module.IPPort(port=-1))

        assert added.port == 80
        assert list(event.errors) == ["a", "b", "c"]
        assert [len(event.added_local_ports), event.removed_local_ports[0].port] == [1, -1]
        assert theirs.Event.FromString(event.SerializeToString()) == theirs.Event(
            errors=["a", "b", "c"],
            added_local_ports=[theirs.IPPort(protocol="tcp", port=80)],
            removed_local_ports=[theirs.IPPort(port=-1)],
        )


def test_messages_are_equal_when_they_say_the_same() -> None:
    assert ours.IPPort(port=1) == ours.IPPort(port=1, ip="")
    assert ours.IPPort(port=1) != ours.IPPort(port=2)
    assert ours.Empty() != ours.Info()
    assert repr(ours.Inotify(time=ours.Timestamp(seconds=1))) == "Inotify(time=Timestamp(seconds=1))"
