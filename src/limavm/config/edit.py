"""Edits of a YAML text that keep its comments and its order, as `--cpus` and its like make them.

Imported late by the command line only: ruamel.yaml takes longer to import than the rest of a command.
"""

import io
from collections.abc import Sequence

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from limavm.config.errors import ConfigError, Problem, dotted
from limavm.config.yamltext import compose

Edit = tuple[tuple[str, ...], object]


def apply(text: bytes, edits: Sequence[Edit]) -> bytes:
    """The text with the values at some paths replaced or added; untouched when there are no edits.

    Mappings on the way are made where they are missing or null. The result has two blanks of indent,
    lists not indented below their key, LF. Raises ConfigError for text that is no YAML mapping.
    """
    if not edits:
        return text
    compose(text, "the YAML to edit")  # bounded in time and memory, and with better messages
    yaml = _round_trip()
    try:
        root = yaml.load(text.decode("utf-8-sig").replace("\r\n", "\n"))
    except (YAMLError, ValueError, RecursionError) as error:
        raise ConfigError([Problem(message=f"cannot be edited: {error}", source="the YAML to edit")]) from error
    prefix = ""
    if root is None:
        # Comments without a value are no document, and would be lost.
        prefix, root = text.decode("utf-8-sig").replace("\r\n", "\n"), CommentedMap()
        prefix += "" if not prefix or prefix.endswith("\n") else "\n"
    if not isinstance(root, CommentedMap):
        raise ConfigError([Problem(message="the text must be a mapping", source="the YAML to edit")])
    for path, value in edits:
        _set(root, path, value)
    out = io.BytesIO()
    yaml.dump(root, out)
    return (prefix + out.getvalue().decode().rstrip("\n") + "\n").encode()


def _set(root: CommentedMap, path: Sequence[str], value: object) -> None:
    node = root
    for depth, name in enumerate(path[:-1], 1):
        child = node.get(name)
        if child is None:
            child = node[name] = CommentedMap()
        if not isinstance(child, CommentedMap):
            message = "this is no mapping, so nothing can be set in it"
            key = dotted(tuple(path[:depth]))
            raise ConfigError([Problem(message=message, source="the YAML to edit", key=key)])
        node = child
    node[path[-1]] = value


def _round_trip() -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 1 << 16  # long lines are the user's business
    yaml.indent(mapping=2, sequence=2, offset=0)
    yaml.representer.add_representer(type(None), _null)
    # Configurations have no dates: what looks like one stays the text that it is.
    yaml.constructor.add_constructor("tag:yaml.org,2002:timestamp", _text)
    return yaml


def _text(constructor: object, node: object) -> object:
    return constructor.construct_scalar(node)  # type: ignore[attr-defined]


def _null(representer: object, _: None) -> object:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")  # type: ignore[attr-defined]
