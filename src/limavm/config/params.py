"""Every `param` of a template must be used by it (spec/config.md 4.4)."""

import re
from collections.abc import Iterable, Iterator

from limavm.config.layer import Layer

#: Directs the network of the guest, and stands in no script.
_ALWAYS_USED = "internal_netplanOptional"


def unused_params(template: Layer, playbooks: Iterable[str] = ()) -> list[str]:
    """The names of params that no script, path or socket of the template mentions."""
    if not template.param:
        return []
    texts = [text for text in _texts(template) if text]
    texts.extend(playbooks)
    return [name for name in template.param if name != _ALWAYS_USED and not _used(name, texts)]


def _used(name: str, texts: Iterable[str]) -> bool:
    pattern = re.compile(rf"\{{\{{[^}}]*\.Param\.{re.escape(name)}[^}}]*\}}\}}|\bPARAM_{re.escape(name)}\b")
    return any(pattern.search(text) for text in texts)


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
