"""What `--set` may be completed to: the keys of the configuration, down to two levels (spec/cli.md 1.13)."""

import types
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from limavm.config.layer import Layer

_BOOLEANS = ("true", "false")
#: Values of the keys that have few.
_VALUES: Mapping[str, tuple[str, ...]] = {
    ".vmType": ("qemu", "vz", "wsl2"),
    ".os": ("Linux", "Darwin", "FreeBSD"),
    ".arch": ("x86_64", "aarch64", "armv7l", "ppc64le", "riscv64", "s390x"),
    ".mountType": ("reverse-sshfs", "9p", "virtiofs", "wsl2"),
}
_LEVELS = 2


def candidates(typed: str) -> list[str]:
    """What the word may become: `.key=` and `.key.subkey=`, and behind the sign the known values."""
    keys = dict(_keys(Layer, "", _LEVELS))
    key, equals, _ = typed.partition("=")
    if not equals:
        return [f"{name}=" for name in keys]
    values = _VALUES.get(key) or (_BOOLEANS if keys.get(key) is bool else ())
    return [f"{key}={value}" for value in values]


def _keys(kind: type, prefix: str, levels: int) -> Iterator[tuple[str, Any]]:
    """Each key and its type; into lists and maps there is no way by names."""
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        name, hint = f"{prefix}.{field.encode_name}", _without_none(hints[field.name])
        yield name, hint
        if levels > 1 and isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            yield from _keys(hint, name, levels - 1)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return next(part for part in get_args(hint) if part is not types.NoneType)
    return hint
