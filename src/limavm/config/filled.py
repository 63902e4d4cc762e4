"""A configuration with its defaults as a YAML document: what `--fill` prints (spec/config.md 5.6).

Keys come in the order of the schema, and what is unset or empty is left out. The text means the same to
readers of YAML 1.1 and 1.2: see `roundtrip.styles`.
"""

from typing import Any

import msgspec

from limavm.model.config import Config
from limavm.roundtrip.build import from_value
from limavm.roundtrip.nodes import Node
from limavm.roundtrip.write import write_node

_FREE = ("vmOpts", "osOpts")


def written(config: Config, *, vm_type: bool = True) -> str:
    """The text of the document; `vm_type=False` leaves out the driver, which nobody has chosen yet."""
    return write_node(document(config, vm_type=vm_type))


def document(config: Config, *, vm_type: bool = True) -> Node:
    """The document as a tree."""
    value = msgspec.to_builtins(config)
    if not vm_type:
        del value["vmType"]
    # An empty entry of a free-form map says something: it stands in the way of weaker ones.
    kept = {key: value[key] for key in _FREE if value.get(key)}
    # In their places, though `_without_empty` may find nothing in them.
    marked = _without_empty({key: True if key in kept else member for key, member in value.items()})
    return from_value(marked | kept)


def _without_empty(value: Any) -> Any:
    """The value without the members that are `{}`, at every depth."""
    if isinstance(value, dict):
        members = {key: _without_empty(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member != {}}
    return [_without_empty(item) for item in value] if isinstance(value, list | tuple) else value
