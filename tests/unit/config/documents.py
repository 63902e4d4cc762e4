"""Documents with values of the right types, and nasty ones, made from the annotations of `Layer`."""

import types
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from limavm.config.layer import IP, OPEN, GuestArch, Layer, PortRange
from limavm.model.arch import Arch

PATHS = ("", "a", "/", "/a/../b", "~", "~x/y", "~/x", "../..", "a\x00b", "x" * 300, "{{.Home}}/x", "{{.Param.a}}", "{{")
WORDS = (
    "system",
    "data",
    "yq",
    "user",
    "tcp",
    "qemu",
    "Linux",
    "Windows",
    "FreeBSD",
    "9p",
    "virtiofs",
    "user-v2",
    "eth0",
)
OTHERS = (
    "4GiB",
    "-1",
    "1e400",
    "sha256:00",
    "2.0.0",
    "0644",
    "#!/bin/sh",
    "aa:bb:cc:dd:ee:ff",
    "\n",
    "é",
    "{{range 9}}",
)
TEXTS = st.sampled_from(PATHS + WORDS + OTHERS)
NUMBERS = st.sampled_from([0, 1, -1, 22, 80, 65535, 65536, 2**31, 2**63 - 1, -(2**63)])


def values(hint: Any) -> st.SearchStrategy[Any]:
    """JSON values that a key of this type may have."""
    if get_origin(hint) in (Union, types.UnionType):
        return st.none() | st.one_of(*(values(part) for part in get_args(hint) if part is not types.NoneType))
    if hint is bool:
        return st.booleans()
    if hint is int:
        return NUMBERS
    if hint is str:
        return TEXTS
    if hint is IP:
        return st.sampled_from(["127.0.0.1", "0.0.0.0", "::1", ""])
    if hint is Arch:
        return st.sampled_from([arch.value for arch in Arch])
    if hint is GuestArch:
        return st.sampled_from([*OPEN, *(arch.value for arch in Arch)])
    if hint == PortRange:
        return st.lists(NUMBERS, max_size=2)
    if hint is Any:
        return st.recursive(st.none() | TEXTS | NUMBERS, lambda inner: st.dictionaries(TEXTS, inner, max_size=2))
    if get_origin(hint) is tuple:
        return st.lists(st.deferred(lambda: values(get_args(hint)[0])), max_size=3)
    if get_origin(hint) is dict:
        return st.dictionaries(TEXTS, values(get_args(hint)[1]), max_size=2)
    hints = get_type_hints(hint)
    fields = {field.encode_name: values(hints[field.name]) for field in msgspec.structs.fields(hint)}
    return st.fixed_dictionaries({}, optional=fields)


DOCUMENTS = values(Layer)
