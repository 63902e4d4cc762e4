"""The JSON schema of a configuration, for editors: made from the types of `layer` (spec/config.md 8.1).

Which keys may be null, which are needed and what values they list is said here, since nothing else asks:
for the decoder null is always "not set". Names and shape of the definitions are those of Lima, so that
what was written for its schema works with ours. docs/lima.schema.json is this schema, kept so by a test.
"""

import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from limavm.config import layer
from limavm.config.validate import BUILT_IN_DRIVERS, MOUNT_TYPES, SYSTEMS
from limavm.model.arch import Arch

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: An identifier, not an address to fetch: editors tell schemas apart by it.
_ID = "https://github.com/lima-vm/lima/v2/pkg/limatype/lima-yaml"
_ROOT = "LimaYAML"

#: Definitions whose names are not those of our types.
_NAMES: dict[type, str] = {
    layer.Layer: _ROOT,
    layer.Locator: "LocatorWithDigest",
    layer.FirmwareImage: "FileWithVMType",
    layer.CACerts: "CACertificates",
    layer.VNC: "VNCOptions",
}
_REQUIRED: dict[type, tuple[str, ...]] = {
    layer.File: ("location",),
    layer.Kernel: ("location",),
    layer.Image: ("location",),
    layer.FirmwareImage: ("location",),
    layer.Disk: ("name",),
    layer.Mount: ("location",),
    layer.Locator: ("url",),
}
#: Keys that may be null: all of a type, or those that are named.
_ALL_NULLABLE = (layer.SSH, layer.Audio, layer.VNC, layer.User, layer.Rosetta, layer.SSHFS, layer.NineP, layer.CACerts)
_NULLABLE: dict[type, frozenset[str]] = {
    layer.Layer: frozenset(
        {
            *("minimumLimaVersion", "vmType", "os", "arch", "images", "cpuType", "cpus", "memory", "disk"),
            *("additionalDisks", "mountTypesUnsupported", "mountType", "mountInotify", "upgradePackages"),
            *("guestInstallPrefix", "networks", "propagateProxyEnv", "plain", "timezone", "nestedVirtualization"),
            "tpm",
        }
    ),
    layer.Firmware: frozenset({"legacyBIOS"}),
    layer.Video: frozenset({"display"}),
    layer.Containerd: frozenset({"system", "user"}),
    layer.HostResolver: frozenset({"enabled", "ipv6", "hosts"}),
    layer.Mount: frozenset({"mountPoint", "writable"}),
    layer.Provision: frozenset({"file", "expression", "format", "content", "overwrite"}),
    layer.Probe: frozenset({"file"}),
}
_VALUES = {
    "LimaYAML.os": SYSTEMS,
    "LimaYAML.arch": tuple(arch.value for arch in Arch),
    "LimaYAML.mountType": MOUNT_TYPES,
    "LimaYAML.vmType": BUILT_IN_DRIVERS,
}
_DEFAULTS = {"Provision.mode": "system", "Probe.mode": "readiness"}
#: Free-form mappings that have a definition of their own.
_FREE = {"vmOpts": "VMOpts", "osOpts": "OsOpts"}


def schema(descriptions: Mapping[str, str] | None = None) -> Schema:
    """The schema as JSON values; `descriptions` are texts by the dotted path of a key, such as `ssh.localPort`."""
    maker = _Maker(descriptions or {})
    maker.define(layer.Layer, ())
    definitions = maker.definitions | {name: {"type": "object"} for name in _FREE.values()}
    definitions["BaseTemplates"] = {"oneOf": [{"type": "string"}, _list(_reference("LocatorWithDigest"))]}
    return {
        "$schema": _DIALECT,
        "$id": _ID,
        "$ref": f"#/$defs/{_ROOT}",
        "$defs": dict(sorted(definitions.items())),
    }


class _Maker:
    def __init__(self, descriptions: Mapping[str, str]) -> None:
        self.descriptions = descriptions
        self.definitions: dict[str, Schema] = {}

    def define(self, kind: type, path: tuple[str, ...]) -> Schema:
        """A reference to the definition of a type, which is made when it is met for the first time."""
        name = _NAMES.get(kind, kind.__name__)
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = self.object(kind, path)
        return _reference(name)

    def object(self, kind: type, path: tuple[str, ...]) -> Schema:
        hints = get_type_hints(kind)
        properties = {}
        for field in msgspec.structs.fields(kind):
            key = field.encode_name
            value = self.key(kind, key, hints[field.name], (*path, key))
            if text := self.descriptions.get(".".join((*path, key))):
                value["description"] = text
            properties[key] = value
        found: Schema = {"properties": properties, "additionalProperties": False, "type": "object"}
        if needed := _REQUIRED.get(kind):
            found["required"] = list(needed)
        if getattr(kind, "shorthand", None):
            return {"oneOf": [{"type": "string"}, found]}
        return found

    def key(self, kind: type, key: str, hint: Any, path: tuple[str, ...]) -> Schema:
        nullable = kind in _ALL_NULLABLE or key in _NULLABLE.get(kind, ())
        name = f"{_NAMES.get(kind, kind.__name__)}.{key}"
        if values := _VALUES.get(name):
            return {"type": ["string", "null"], "enum": [None, *values]}
        found = _reference(_FREE[key]) if key in _FREE else self.value(hint, path)
        if name in _DEFAULTS:
            found["default"] = _DEFAULTS[name]
        return {"oneOf": [found, {"type": "null"}]} if nullable else found

    def value(self, hint: Any, path: tuple[str, ...]) -> Schema:
        """The schema of a type, without null."""
        if get_origin(hint) in (Union, types.UnionType):
            hint = next(part for part in get_args(hint) if part is not types.NoneType)
        if hint in _SCALARS:
            return dict(_SCALARS[hint])
        if hint == layer.Bases:
            self.define(layer.Locator, ())
            return _reference("BaseTemplates")
        if hint == layer.PortRange:
            return {"items": {"type": "integer"}, "maxItems": 2, "minItems": 2, "type": "array"}
        if get_origin(hint) is tuple:
            return _list(self.value(get_args(hint)[0], ()))
        if get_origin(hint) is dict:
            return {"additionalProperties": self.value(get_args(hint)[1], ()), "type": "object"}
        return self.define(hint, path)


_SCALARS: dict[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    # Lima's schema allows IPv4 only, its decoder both.
    layer.IP: {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
    Arch: {"type": "string", "enum": [arch.value for arch in Arch]},
    Any: {},
}


def _list(items: Schema) -> Schema:
    return {"items": items, "type": "array"}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
