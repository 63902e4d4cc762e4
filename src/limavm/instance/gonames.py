"""Values under the names that Go's structs have in Lima's templates (spec/config.md 4.3)."""

from functools import cache
from typing import Any

import msgspec

from limavm.gotemplate import NIL, Record

_SPECIAL = {
    "9p": "NineP",
    "autoStartedIdentifier": "AutoStartedIdentifier",
    "binfmt": "BinFmt",
    "caCerts": "CACertificates",
    "cpuType": "CPUType",
    "cpus": "CPUs",
    "dns": "DNS",
    "driverPID": "DriverPID",
    "forwardX11": "ForwardX11",
    "fsArgs": "FSArgs",
    "fsType": "FSType",
    "guest": "GuestFile",
    "host": "HostFile",
    "hostAgentPID": "HostAgentPID",
    "ipv6": "IPv6",
    "macAddress": "MACAddress",
    "network": "Networks",
    "os": "OS",
    "sftpDriver": "SFTPDriver",
    "ssh": "SSH",
    "sshAddress": "SSHAddress",
    "sshConfigFile": "SSHConfigFile",
    "sshLocalPort": "SSHLocalPort",
    "sshfs": "SSHFS",
    "timezone": "TimeZone",
    "tpm": "TPM",
    "uid": "UID",
    "url": "URL",
    "vmOpts": "VMOpts",
    "vmType": "VMType",
    "vnc": "VNC",
    "vzNAT": "VZNAT",
}
#: What is empty in Go where it is not set, and not nil: attributes of files, images and kernels.
_NEVER_NIL = frozenset({"arch_variant", "cmdline", "digest", "variant", "vm_type"})


def go_name(key: str) -> str:
    """Go's name for a JSON key."""
    return _SPECIAL.get(key) or key[:1].upper() + key[1:]


def record(value: msgspec.Struct) -> Record:
    """The struct with its members, at any depth, under Go's names; `json` writes it as ever."""
    members = {name: _member(value, attribute) for name, attribute in _members(type(value))}
    return Record(members, lambda: msgspec.to_builtins(value), _viewed)


@cache
def _members(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """Go's names and the attributes of a type."""
    pairs = zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True)
    return tuple((go_name(key), attribute) for key, attribute in pairs)


def _member(value: msgspec.Struct, attribute: str) -> Any:
    member = getattr(value, attribute)
    return "" if member is None and attribute in _NEVER_NIL else member


def _viewed(value: Any) -> Any:
    match value:
        case None:
            return NIL
        case msgspec.Struct():
            return record(value)
        case tuple():
            return [_viewed(item) for item in value]
        case _:
            return value
