"""What this host's apt knows: its mirror, and how it gets through to it."""

import contextlib
import os
import re
from collections.abc import Iterator

from limavm.errors import UserError
from limavm.host import files, process
from limavm.images.build.sources import Mirror, Source, choose_mirror, parse_deb822, parse_list

_MIRROR_FILE = re.compile(r"mirror\+file:/*(/.*)")
#: Settings about the way to a mirror, and those that an old snapshot of the archive needs.
_SETTING = re.compile(
    r'(?P<key>Acquire::(?:https?::[\w:.-]+|Retries|ForceIPv[46]|Check-Valid-Until|Check-Date)) "(?P<value>[^"\\]+)";'
)


def host_mirror(directory: str = "/etc/apt") -> Mirror:
    """The Debian mirror that the apt configuration in `directory` uses; the public one without any."""
    return choose_mirror(_sources(directory))


def _sources(directory: str) -> Iterator[Source]:
    parts = os.path.join(directory, "sources.list.d")
    names = sorted(os.listdir(parts)) if os.path.isdir(parts) else []
    for path in [os.path.join(directory, "sources.list"), *(os.path.join(parts, name) for name in names)]:
        text = None
        with contextlib.suppress(OSError):
            text = files.read_text(path)
        if text and path.endswith(".list"):
            yield from map(_resolved, parse_list(text))
        elif text and path.endswith(".sources"):
            yield from map(_resolved, parse_deb822(text))


def _resolved(source: Source) -> Source:
    """A source whose mirror lists, which cloud images use, are replaced by the mirrors they name."""
    uris: list[str] = []
    for uri in source.uris:
        if match := _MIRROR_FILE.fullmatch(uri):
            text = None
            with contextlib.suppress(OSError):
                text = files.read_text(match[1])
            uris += [line.split()[0] for line in (text or "").splitlines() if line.strip() and line[0] != "#"]
        else:
            uris.append(uri)
    return Source(uris=tuple(uris), suites=source.suites, components=source.components, signed_by=source.signed_by)


def host_options() -> list[str]:
    """Settings of this host's apt that the build's apt needs too: proxies, certificates, retries."""
    if not process.find_program("apt-config"):
        return []
    try:
        text = process.run(["apt-config", "dump"], timeout=10).decode(errors="replace")
    except UserError:
        return []
    return parse_options(text)


def parse_options(dump: str) -> list[str]:
    """The settings worth passing on from what `apt-config dump` prints."""
    return [f'{match["key"]} "{match["value"]}"' for line in dump.splitlines() if (match := _SETTING.fullmatch(line))]
