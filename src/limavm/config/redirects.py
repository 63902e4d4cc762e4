"""Where a locator leads to: redirects of `github:`, plugins, the old form of `template:` (spec/config.md 5.3).

They are followed to their end, which is a template's name, a URL or a path; `locator` reads that. The network and
plugins are handed in.
"""

import os
from collections.abc import Callable

from limavm.config import github
from limavm.config.page import Fetch
from limavm.config.relative import scheme_of
from limavm.errors import UserError
from limavm.model.value import Value

#: Scheme and rest of a locator to what a plugin makes of it; None when there is no plugin for the scheme.
Plugin = Callable[[str, str], str | None]

#: No chain of redirects that anybody wants is longer.
_MOST_STEPS = 20
#: No path and no URL that works is longer.
_LONGEST = 4096


class Transformed(Value, frozen=True, kw_only=True):
    """A locator that is no custom one any more: a template's name, a URL or a path."""

    locator: str
    warnings: tuple[str, ...] = ()


def no_plugin(_scheme: str, _rest: str) -> None:
    """There are no plugins."""


def transformed(locator: str, *, fetch: Fetch, plugin: Plugin = no_plugin) -> Transformed:
    """Where the redirects of `github:`, plugins and the old form of `template:` lead to in the end.

    Raises UserError when one of them fails, or they have no end.
    """
    check(locator)
    seen, here = [locator], locator
    warnings: list[str] = []
    # A file on GitHub that redirects to itself is no end.
    while (there := _step(here, fetch, plugin, warnings)) != here or scheme_of(here) == "github":
        if there in seen or len(seen) > _MOST_STEPS:
            way = " -> ".join(map(shown, [*seen, there][:4]))
            raise UserError(f"the locator redirects without an end: {way}", where=shown(locator))
        check(there)
        seen.append(there)
        here = there
    if any(scheme_of(step) == "github" for step in seen):
        warnings.append("locators with `github:` are experimental")
    return Transformed(locator=here, warnings=tuple(warnings))


def _step(locator: str, fetch: Fetch, plugin: Plugin, warnings: list[str]) -> str:
    """One transformation: the same locator when there is nothing to transform."""
    scheme = scheme_of(locator)
    rest = locator[len(scheme) + 1 :]
    match scheme:
        case "":
            return locator
        case "template":
            name = rest.removeprefix("//")
            if rest.startswith("//"):
                warnings.append(f"`{shown(locator)}` is the old form of `template:{shown(name)}`")
            return f"template:{name}"
        case "github":
            token = os.environ.get("GH_TOKEN") or os.environ.get("GITHUB_TOKEN") or ""
            return github.transformed(rest, fetch, token)
        case _:
            found = plugin(scheme, rest)
            return locator if found is None else found


def check(locator: str) -> None:
    """Raise UserError for what can be no locator."""
    if not locator:
        raise UserError("the locator is empty", hint="name a file, a URL, or a template as template:NAME")
    check_utf8(locator)
    if "\0" in locator:
        raise UserError("a locator cannot contain a NUL character", where=shown(locator.replace("\0", "?")))
    if len(locator) > _LONGEST:
        raise UserError(f"a locator cannot have more than {_LONGEST} characters", where=shown(locator))


def check_utf8(locator: str) -> None:
    """Raise UserError for other names: templates name each other, and YAML can be written in Unicode only."""
    try:
        locator.encode()
    except UnicodeEncodeError as error:
        where = locator.encode(errors="surrogateescape").decode(errors="replace")
        raise UserError("a locator has to be UTF-8", where=shown(where), hint="rename the file or directory") from error


def shown(locator: str) -> str:
    """The locator for a message, cut when it is long."""
    return locator if len(locator) <= 200 else f"{locator[:160]}…"
