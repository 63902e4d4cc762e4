import datetime

from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Info(_message.Message):
    __slots__ = ("local_ports",)
    LOCAL_PORTS_FIELD_NUMBER: _ClassVar[int]
    local_ports: _containers.RepeatedCompositeFieldContainer[IPPort]
    def __init__(self, local_ports: _Optional[_Iterable[_Union[IPPort, _Mapping]]] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("time", "added_local_ports", "removed_local_ports", "errors")
    TIME_FIELD_NUMBER: _ClassVar[int]
    ADDED_LOCAL_PORTS_FIELD_NUMBER: _ClassVar[int]
    REMOVED_LOCAL_PORTS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    added_local_ports: _containers.RepeatedCompositeFieldContainer[IPPort]
    removed_local_ports: _containers.RepeatedCompositeFieldContainer[IPPort]
    errors: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., added_local_ports: _Optional[_Iterable[_Union[IPPort, _Mapping]]] = ..., removed_local_ports: _Optional[_Iterable[_Union[IPPort, _Mapping]]] = ..., errors: _Optional[_Iterable[str]] = ...) -> None: ...

class IPPort(_message.Message):
    __slots__ = ("protocol", "ip", "port", "v6only")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    V6ONLY_FIELD_NUMBER: _ClassVar[int]
    protocol: str
    ip: str
    port: int
    v6only: bool
    def __init__(self, protocol: _Optional[str] = ..., ip: _Optional[str] = ..., port: _Optional[int] = ..., v6only: bool = ...) -> None: ...

class Inotify(_message.Message):
    __slots__ = ("mount_path", "time")
    MOUNT_PATH_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    mount_path: str
    time: _timestamp_pb2.Timestamp
    def __init__(self, mount_path: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TunnelMessage(_message.Message):
    __slots__ = ("id", "protocol", "data", "guest_addr", "udp_target_addr")
    ID_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    GUEST_ADDR_FIELD_NUMBER: _ClassVar[int]
    UDP_TARGET_ADDR_FIELD_NUMBER: _ClassVar[int]
    id: str
    protocol: str
    data: bytes
    guest_addr: str
    udp_target_addr: str
    def __init__(self, id: _Optional[str] = ..., protocol: _Optional[str] = ..., data: _Optional[bytes] = ..., guest_addr: _Optional[str] = ..., udp_target_addr: _Optional[str] = ...) -> None: ...

class TimeSyncRequest(_message.Message):
    __slots__ = ("host_time",)
    HOST_TIME_FIELD_NUMBER: _ClassVar[int]
    host_time: _timestamp_pb2.Timestamp
    def __init__(self, host_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TimeSyncResponse(_message.Message):
    __slots__ = ("adjusted", "drift_ms", "error")
    ADJUSTED_FIELD_NUMBER: _ClassVar[int]
    DRIFT_MS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    adjusted: bool
    drift_ms: int
    error: str
    def __init__(self, adjusted: bool = ..., drift_ms: _Optional[int] = ..., error: _Optional[str] = ...) -> None: ...
