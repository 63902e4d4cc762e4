"""The generated code, the service for grpclib, and the .proto that both were made from say the same."""

import re
from pathlib import Path

from google.protobuf.descriptor import FieldDescriptor
from grpclib.const import Cardinality

from limavm.wire import guestservice_pb2, service
from tests.unit.wire.test_bounded import Echo

TEXT = re.sub(r"//.*", "", (Path(service.__file__).parent / "guestservice.proto").read_text())
TYPES = {
    "string": FieldDescriptor.TYPE_STRING,
    "bytes": FieldDescriptor.TYPE_BYTES,
    "int32": FieldDescriptor.TYPE_INT32,
    "int64": FieldDescriptor.TYPE_INT64,
    "bool": FieldDescriptor.TYPE_BOOL,
}
Fields = dict[str, tuple[int, str, bool]]


def written() -> dict[str, Fields]:
    """Each message of the .proto: the number, type and repetition of each field."""
    return {
        name: {
            field: (int(number), kind, bool(repeated))
            for repeated, kind, field, number in re.findall(r"(repeated )?([\w.]+) (\w+) = (\d+);", body)
        }
        for name, body in re.findall(r"message (\w+) \{(.*?)\}", TEXT, re.DOTALL)
    }


def type_name(field: FieldDescriptor) -> str:
    if field.message_type is not None:
        return str(field.message_type.full_name)
    return next(name for name, number in TYPES.items() if number == field.type)


def test_the_generated_messages_are_those_of_the_proto() -> None:
    generated = {
        message.name: {field.name: (field.number, type_name(field), field.is_repeated) for field in message.fields}
        for message in guestservice_pb2.DESCRIPTOR.message_types_by_name.values()
    }

    assert generated == written()
    assert generated["TunnelMessage"]["data"] == (3, "bytes", False)


def test_the_service_is_that_of_the_proto() -> None:
    methods = re.findall(r"rpc (\w+)\((stream )?([\w.]+)\) returns \((stream )?([\w.]+)\);", TEXT)
    handlers = Echo().__mapping__()

    assert len(methods) == 5
    for name, client_streams, request, server_streams, reply in methods:
        handler = handlers[f"/GuestService/{name}"]
        assert (
            handler.cardinality
            is {
                (False, False): Cardinality.UNARY_UNARY,
                (False, True): Cardinality.UNARY_STREAM,
                (True, False): Cardinality.STREAM_UNARY,
                (True, True): Cardinality.STREAM_STREAM,
            }[bool(client_streams), bool(server_streams)]
        )
        assert handler.request_type.DESCRIPTOR.full_name == request
        assert handler.reply_type.DESCRIPTOR.full_name == reply
