"""Override, template and default as one `Layer`: a pure fold by the rules of spec/config.md 2.

The rule of a key follows from its type, and the exceptions are listed here: a value is the first one
set; lists are joined, the strongest first; maps are laid over each other; mappings are merged key by key.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from limavm.config.layer import Layer, Mount, Network
from limavm.model.value import Value

#: Keys that only the template may set.
_TEMPLATE_ONLY = frozenset({"base", "minimum_lima_version", "message", "cpu_type", "rosetta"})
#: Lists whose entries are laid over each other later, the weakest first.
_WEAKEST_FIRST = frozenset({"mounts", "networks"})

_Part = TypeVar("_Part", bound=Value)
_V = TypeVar("_V", bound=Value)


def fold(*, override: Layer, template: Layer, default: Layer) -> Layer:
    """What the three say together. `mounts` and `networks` are joined weakest first and not yet combined."""
    layers = (override, template, default)
    values = {}
    for name in Layer.__struct_fields__:
        if name in _TEMPLATE_ONLY:
            values[name] = getattr(template, name)
        elif name in _WEAKEST_FIRST:
            values[name] = _joined([getattr(layer, name) for layer in reversed(layers)])
        elif name == "dns":
            values[name] = next((layer.dns for layer in layers if layer.dns), None)
        elif name == "ca_certs":
            values[name] = _certificates(layers)
        else:
            values[name] = _folded([getattr(layer, name) for layer in layers])
    return Layer(**values)


def _folded(values: Sequence[Any]) -> Any:
    """The values of one key, strongest first, by the rule of their type."""
    present = [value for value in values if value is not None]
    match present:
        case []:
            return None
        case [msgspec.Struct(), *_]:
            return _parts(present)
        case [tuple(), *_] if not _is_pair(present[0]):
            return _joined(present)
        case [dict(), *_]:
            merged: dict[str, Any] = {}
            for value in reversed(present):
                merged.update(value)
            return merged
        case _:
            return present[0]


def _is_pair(value: tuple[Any, ...]) -> bool:
    return bool(value) and isinstance(value[0], int)


def _parts(parts: Sequence[_Part]) -> _Part:
    """Structs of one kind, key by key."""
    if len(parts) == 1:
        return parts[0]
    names = parts[0].__struct_fields__
    return type(parts[0])(**{name: _folded([getattr(part, name) for part in parts]) for name in names})


def _joined(lists: Sequence[tuple[Any, ...] | None]) -> tuple[Any, ...] | None:
    if all(items is None for items in lists):
        return None
    return tuple(item for items in lists for item in items or ())


def _certificates(layers: Sequence[Layer]) -> Any:
    """`caCerts`: the lists go weakest first, and nothing is in them twice."""
    parts = [layer.ca_certs for layer in layers]
    lists = {name: _joined([getattr(part, name) for part in reversed(parts)]) for name in ("files", "certs")}
    unique = {name: items and tuple(dict.fromkeys(items)) for name, items in lists.items()}
    return msgspec.structs.replace(_parts(parts), **unique)


def groups(keys: Sequence[str]) -> list[list[int]]:
    """The positions with equal keys together, in order of their first; an empty key is alone."""
    found: dict[object, list[int]] = {}
    for index, key in enumerate(keys):
        found.setdefault(key or (index,), []).append(index)
    return list(found.values())


def combined_mount(mounts: Sequence[Mount]) -> Mount:
    """Mounts of one mount point, weakest first: later ones win, but the first location stays."""
    result = mounts[0]
    for mount in mounts[1:]:
        kept = result.location, result.mount_point
        result = msgspec.structs.replace(_over(result, mount), location=kept[0], mount_point=kept[1])
    return result


def combined_network(networks: Sequence[Network]) -> Network:
    """Networks of one interface, weakest first; `lima` and `socket` replace each other, `vzNAT` stays."""
    result = networks[0]
    for network in networks[1:]:
        merged = msgspec.structs.replace(_over(result, network), vz_nat=result.vz_nat)
        if network.lima:
            merged = msgspec.structs.replace(merged, socket=None)
        elif network.socket:
            merged = msgspec.structs.replace(merged, lima=None)
        result = merged
    return result


def _over(weak: _V, strong: _V) -> _V:
    return _parts([strong, weak])
