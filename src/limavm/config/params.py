"""Every `param` of a template must be used by it (spec/config.md 4.4)."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import chain

from limavm.config.layer import Layer

#: Directs the network of the guest, and stands in no script.
_ALWAYS_USED = "internal_netplanOptional"
_VARIABLE = re.compile(r"\bPARAM_(\w+)", re.ASCII)
_MEMBER = re.compile(r"\.Param\.(\w+)", re.ASCII)


def unused_params(template: Layer, playbooks: Iterable[str] = ()) -> list[str]:
    """The names of params that no script, path or socket of the template mentions."""
    if not template.param:
        return []
    variables: set[str] = {_ALWAYS_USED}
    members: set[str] = set()
    for text in chain(_texts(template), playbooks):
        variables.update(_VARIABLE.findall(text or ""))
        members.update(_members(text or ""))
    known = sorted(members)
    return [name for name in template.param if name not in variables and not _begins_one(name, known)]


def _members(text: str) -> Iterator[str]:
    """What follows `.Param.` inside of `{{` and `}}`, in time that grows with the text only."""
    for before in text.split("}}")[:-1]:
        _, _, expression = before.rpartition("}")[2].partition("{{")
        yield from _MEMBER.findall(expression)


def _begins_one(name: str, known: list[str]) -> bool:
    """Whether one of the sorted names begins with `name`: Lima takes a longer name for a use as well."""
    index = bisect_left(known, name)
    return index < len(known) and known[index].startswith(name)


def _texts(template: Layer) -> Iterator[str | None]:
    for item in template.provision or ():
        yield from (item.script, item.content, item.expression, item.owner, item.path, item.permissions)
    for probe in template.probes or ():
        yield probe.script
    for copy in template.copy_to_host or ():
        yield from (copy.guest, copy.host)
    for rule in template.port_forwards or ():
        yield from (rule.guest_socket, rule.host_socket)
    for mount in template.mounts or ():
        yield from (mount.location, mount.mount_point)
