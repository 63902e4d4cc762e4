"""Resolved configurations as texts that a person can review: one in full, and how another one differs."""

from typing import Any

import msgspec
import yaml

from limavm.model.config import Config


class Dumper(yaml.SafeDumper):
    """Texts of several lines as they are, and lists below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Begin a list where its key begins."""
        super().increase_indent(flow, indentless)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


Dumper.add_representer(str, _text)


def values(config: Config) -> dict[str, Any]:
    """The configuration as JSON-like values, as `list --json` prints it."""
    found = msgspec.to_builtins(config)
    assert isinstance(found, dict)
    return found


def as_yaml(config: Config) -> str:
    """The whole configuration."""
    dumped: str = yaml.dump(values(config), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100_000)
    return dumped


def differences(one: Config, other: Config) -> list[str]:
    """A line for each value that differs: its key, what the first has, what the other has."""
    before, after = _flat(values(one)), _flat(values(other))
    keys = dict.fromkeys([*before, *after])
    return [
        f"{key}: {before.get(key, 'unset')} -> {after.get(key, 'unset')}"
        for key in keys
        if before.get(key) != after.get(key)
    ]


def _flat(value: Any, path: str = "") -> dict[str, str]:
    """Every value that is no mapping and no list, by its dotted path."""
    if isinstance(value, dict) and value:
        parts = [_flat(item, f"{path}.{key}" if path else key) for key, item in value.items()]
    elif isinstance(value, list | tuple) and value:
        parts = [_flat(item, f"{path}[{index}]") for index, item in enumerate(value)]
    else:
        return {path: msgspec.json.encode(value).decode()}
    return {key: text for part in parts for key, text in part.items()}
