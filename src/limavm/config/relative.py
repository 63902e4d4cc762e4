"""Locators that are relative to the template that names them, made absolute (spec/config.md 5.4).

Pure, except that the current directory is asked for templates that have none of their own. A relative
locator of a `github:` template keeps the template's ref (Q8), so that both are of one commit.
"""

import os
import posixpath
import re
from collections.abc import Callable

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_SEPARATORS = (os.sep, os.altsep or os.sep, "/")
#: What a path of a URL has as it is; a percent sign stays when it begins an escape.
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def scheme_of(locator: str) -> str:
    """The scheme in lower case, empty for a path; a single letter is a drive of Windows."""
    match = _SCHEME.match(locator)
    return match[1].lower() if match else ""


def base_path(locator: str) -> str:
    """What relative locators of the template at `locator` are relative to."""
    scheme = scheme_of(locator)
    if not scheme:
        return os.getcwd() if locator in ("", "-") else os.path.dirname(os.path.abspath(locator))
    rest = locator[len(scheme) + 1 :]
    if scheme == "template":
        return f"template:{posixpath.dirname(rest.removeprefix('//'))}"
    if scheme == "github":
        return f"github:{_github_directory(rest.partition('@')[0])}"
    if not rest.startswith("//"):
        return f"{scheme}:{posixpath.dirname(rest)}"
    host, _, path = re.split(r"[?#]", rest[2:], maxsplit=1)[0].partition("/")
    directory = posixpath.dirname(path)
    return f"{scheme}://{host}/{directory}".rstrip("/") if host else f"{scheme}:///{directory}"


def _github_directory(path: str) -> str:
    """ORG/REPO and the directories of ORG[/REPO[/PATH]]; the repository of an organisation has its name."""
    organisation, _, rest = path.partition("/")
    repository, _, file = rest.partition("/")
    return posixpath.join(organisation, repository or organisation, posixpath.dirname(file)).rstrip("/")


def absolute_locator(locator: str, origin: str, home: Callable[[], str]) -> str:
    """What `locator` means in the template at `origin`; `home` gives the home directory, for `~`.

    Raises ValueError with a sentence for a locator that is empty or leaves the directory of the template.
    """
    if not locator:
        raise ValueError("the locator is empty")
    if scheme_of(locator):
        return locator
    if locator == "~" or locator.startswith(tuple(f"~{separator}" for separator in _SEPARATORS)):
        return _clean(home() + locator[1:])
    if locator.startswith(_SEPARATORS) or os.path.isabs(locator):
        return _clean(locator)
    if os.path.splitdrive(locator)[0]:
        raise ValueError(f"{locator!r} is relative to the directory of a drive; write a path that begins with `\\`")
    if "../" in locator or "..\\" in locator or ".." in re.split(r"[/\\]", locator):
        raise ValueError(f"{locator!r} leaves the directory of the template; `..` works in absolute paths only")
    return _joined(locator, origin)


def _joined(locator: str, origin: str) -> str:
    base, scheme = base_path(origin), scheme_of(origin)
    if not scheme:
        return _clean(os.path.join(base, locator))
    locator = posixpath.normpath(locator)
    if scheme == "github":
        ref = origin.partition("@")[2]
        return f"{base}/{locator}@{ref}" if ref and "@" not in locator else f"{base}/{locator}"
    if base.startswith(f"{scheme}://"):
        locator = _escaped(locator)
    return f"{base}{locator}" if base.endswith((":", "/")) else f"{base}/{locator}"


def _escaped(path: str) -> str:
    """The path as a URL has it."""
    escaped = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in path.encode())
    # What had been an escape already is one still.
    return re.sub(r"%25(?=[0-9A-Fa-f]{2})", "%", escaped) if _ESCAPE.search(path) else escaped


def _clean(path: str) -> str:
    # POSIX leaves the meaning of two leading slashes open; nobody means more than one.
    return os.path.abspath(re.sub(r"^//+", "/", path))
