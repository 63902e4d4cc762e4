"""Which Debian mirror a host's apt uses: sources.list and deb822 text in, two URLs out.

Pure: `host` reads the files. Syntax follows sources.list(5). Whatever is not understood is skipped, since
the files belong to the user and apt, and a mirror can always be named in the location.
"""

import re
from collections.abc import Iterable, Iterator

from limavm.model.value import Value

#: Where Debian is, for a host whose apt does not say.
DEFAULT_ARCHIVE = "http://deb.debian.org/debian"
DEFAULT_SECURITY = "http://deb.debian.org/debian-security"

_RELEASES = ("bullseye", "bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable")
_URL = re.compile(r"https?://[^\s\[\]\"']+")
_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s*(?P<components>.*)")


class Source(Value, frozen=True, kw_only=True):
    """One entry of the host's apt sources."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""


class Mirror(Value, frozen=True, kw_only=True):
    """Where packages come from: the archive, its updates when `updates`, and security fixes when known."""

    archive: str
    updates: bool = False
    security: str | None = None


def parse_list(text: str) -> Iterator[Source]:
    """Entries of the one-line format."""
    for line in text.splitlines():
        if match := _ONE_LINE.match(line.partition("#")[0].strip()):
            options = dict(pair.partition("=")[::2] for pair in (match["options"] or "").split())
            yield Source(
                uris=(match["uri"],),
                suites=(match["suite"],),
                components=tuple(match["components"].split()),
                signed_by=options.get("signed-by", ""),
            )


def parse_deb822(text: str) -> Iterator[Source]:
    """Entries of the stanza format that are enabled and hold binary packages."""
    for stanza in re.split(r"\n[ \t]*(?=\n)", "\n" + text):
        fields = _fields(stanza)
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in _NO:
            yield Source(
                uris=tuple(fields.get("uris", "").split()),
                suites=tuple(fields.get("suites", "").split()),
                components=tuple(fields.get("components", "").split()),
                signed_by=fields.get("signed-by", ""),
            )


_NO = ("no", "false", "without", "off", "disable")


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    key = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in (" ", "\t"):
            if key:
                fields[key] += "\n" + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            key = name.strip().lower()
            fields[key] = value.strip()
    return fields


def choose_mirror(sources: Iterable[Source]) -> Mirror:
    """The mirror of the entries that look most like Debian's own archive; the public one when none does."""
    entries = [source for source in sources if "main" in source.components]
    archive = _best(entries, "")
    if archive is None:
        return Mirror(archive=DEFAULT_ARCHIVE, updates=True, security=DEFAULT_SECURITY)
    return Mirror(
        archive=archive,
        updates=_best(entries, "-updates") is not None,
        security=_best(entries, "-security") or _best(entries, "/updates"),
    )


def _best(sources: Iterable[Source], suffix: str) -> str | None:
    wanted = {release + suffix for release in _RELEASES}
    found = [
        (_likeness(source, uri), uri.rstrip("/"))
        for source in sources
        if wanted & {suite.rstrip("/") for suite in source.suites}
        for uri in source.uris
        if _URL.fullmatch(uri)
    ]
    # The first of equals, as apt prefers it.
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _likeness(source: Source, uri: str) -> int:
    """Third parties use Debian's suite names too; Debian's keyring and path tell its archive from theirs."""
    path = uri.rstrip("/").rpartition("/")[2]
    return 2 * ("debian-archive" in source.signed_by) + path.startswith("debian")
