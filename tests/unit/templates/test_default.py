"""The default template is the reference of all keys: none is missing, and none says what is not so."""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest
import yaml

from limavm.config.decode import decode
from limavm.config.layer import Layer, Locator
from limavm.model.value import Value
from tests.unit.templates.catalogue import content, text

TEXT = text("default")
#: Keys that have no value of their own, so that they stand in comments.
COMMENTED = {
    *("param", "provision", "probes", "portForwards", "copyToHost", "message", "env", "dns", "osOpts"),
    *("firmware.images", "containerd.archives"),
}
DEPRECATED = {"cpuType", "rosetta"}
#: What the free-form maps hold.
FREE = {
    "vmOpts": {"qemu": {"minimumVersion": None, "cpuType": None}}
    | {"vz": {"rosetta": {"enabled": None, "binfmt": None}, "diskImageFormat": None}},
}


def parts(annotation: Any) -> Iterator[type[Value]]:
    """The classes of ours that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, Value):
        yield annotation
    for argument in get_args(annotation):
        yield from parts(argument)


def keys(of: type[Value] = Layer, prefix: str = "") -> Iterator[tuple[str, bool]]:
    """Every key of a configuration as a dotted path, and whether it holds further keys."""
    hints = get_type_hints(of)
    for name, key in zip(of.__struct_fields__, of.__struct_encode_fields__, strict=True):
        inner = list(parts(hints[name]))
        yield f"{prefix}{key}", bool(inner)
        for part in [part for part in inner if part is not Locator]:
            yield from keys(part, f"{prefix}{key}{'' if is_part(hints[name]) else '[]'}.")


def is_part(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Value)


KEYS = dict(keys())
DIRECT = [key for key in KEYS if "[]" not in key and key.split(".")[0] not in DEPRECATED]


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_explained(key: str) -> None:
    top, _, rest = key.partition(".")
    top = top.removesuffix("[]")
    # The section of a key goes from its comment to the next key at the beginning of a line.
    section = re.search(rf"\n\n((?:#.*\n)*(?:# )?{top}:.*\n(?:[ #-].*\n|\n(?=  ))*)", TEXT)

    assert section, key
    name = rest.split(".")[-1] or top
    assert re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", section[1]), f"{key} in\n{section[1]}"


@pytest.mark.parametrize("key", DIRECT)
def test_a_key_that_can_be_null_is_written_and_null(key: str) -> None:
    found: Any = content("default")
    for part in key.split("."):
        if key in COMMENTED:
            break
        assert part in found, key
        found = found[part]
    if key in COMMENTED or KEYS[key] or key in FREE:
        return

    assert found in (None, []) or key == "minimumLimaVersion"


def test_lists_that_bases_add_to_are_empty_and_not_null() -> None:
    found = content("default")

    assert {key for key, value in found.items() if value == []} == {"images", "mounts", "mountTypesUnsupported"}


def test_settings_of_drivers_are_listed() -> None:
    assert {key: content("default")[key] for key in FREE} == FREE


def test_what_is_commented_out_is_absent() -> None:
    found = content("default")

    for key in COMMENTED | DEPRECATED:
        top, _, inner = key.partition(".")
        assert inner not in found[top] if inner else top not in found


def test_every_value_says_its_default() -> None:
    """The comment above a null ends with a line about its default."""
    lines = TEXT.splitlines()
    for number, line in enumerate(lines):
        if re.fullmatch(r" *\w+: (null|\[\])", line):
            comment = [above.strip() for above in lines[:number]]
            start = max(index for index, above in enumerate(comment) if not above.startswith("#"))
            assert any(above.startswith("# Default: ") for above in comment[start + 1 :]), line


#: A key that is commented out, or that has examples below its value; then lines of examples.
EXAMPLES = re.compile(
    r"^(?P<indent> *)(?P<hash># )?(?P<key>\w+):(?P<value> null| \[\]|)\n(?P<lines>(?:(?P=indent)#(?:  .*| - .*)\n)+)",
    re.MULTILINE,
)


def with_examples() -> str:
    """The template with its examples in force."""

    def uncommented(found: re.Match[str]) -> str:
        lines = re.sub(r"^( *)# ", r"\1", found["lines"], flags=re.MULTILINE)
        return f"{found['indent']}{found['key']}:\n{lines}"

    return EXAMPLES.sub(uncommented, TEXT)


def test_the_examples_are_a_configuration_too() -> None:
    whole = with_examples()
    found = yaml.safe_load(whole)

    assert COMMENTED - {"message"} <= {
        *found,
        *(f"{key}.{inner}" for key in ("firmware", "containerd") for inner in found[key]),
    }
    assert {
        key for key, value in found.items() if value == [] or (key in ("networks", "additionalDisks") and not value)
    } == {"mountTypesUnsupported"}
    assert found["caCerts"]["files"]
    assert found["hostResolver"]["hosts"]
    decoded = decode(whole.encode(), "examples")
    assert decoded.problems == ()
    assert decoded.warnings == ()
