"""The location `mmdebstrap:SUITE[?include=a,b&variant=V&mirror=URL]`, parsed once into a value."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

import msgspec

from limavm.errors import UserError
from limavm.model.value import Value

SCHEME = "mmdebstrap:"
SUITES = ("trixie", "bookworm")
#: Package sets of mmdebstrap that hold what a machine needs to install more.
VARIANTS = ("apt", "minbase", "required", "buildd", "important", "standard")

_OPTIONS = ("include", "disable", "variant", "mirror")
# Debian policy 5.6.7; the rest of an apt pattern has no business in a location.
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_URL = re.compile(r"https?://[^\s\[\]\"']+")
_UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]+\.[a-z]+")
_FORM = f"{SCHEME}SUITE[?include=PACKAGE,…&disable=UNIT,…&variant=VARIANT&mirror=URL]"


class Location(Value, frozen=True, kw_only=True):
    """What to build. `mirror` is None for the one that the host uses.

    `disable` names units that packages enable and the machine is not to start; unset in the key of a build that is
    older than this member.
    """

    suite: str
    include: tuple[str, ...] = ()
    variant: str = VARIANTS[0]
    mirror: str | None = None
    disable: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


def is_build(location: str) -> bool:
    """Whether an image location asks for a local build."""
    return location.startswith(SCHEME)


def parse_location(text: str) -> Location:
    """Read a location; raises UserError naming the part that is not understood."""
    suite, _, query = text.removeprefix(SCHEME).partition("?")
    if not is_build(text) or suite not in SUITES:
        raise _wrong(text, f"the suite {suite!r} cannot be built here", f"use one of {', '.join(SUITES)}")
    options = _options(text, query)
    variant = options.get("variant", VARIANTS[0])
    if variant not in VARIANTS:
        raise _wrong(text, f"the variant {variant!r} is unknown", f"use one of {', '.join(VARIANTS)}")
    mirror = options.get("mirror")
    if mirror is not None and not _URL.fullmatch(mirror):
        raise _wrong(text, f"the mirror {mirror!r} is not an http or https URL")
    return Location(
        suite=suite,
        include=_names(text, options.get("include", ""), _PACKAGE, "a package"),
        variant=variant,
        mirror=mirror,
        disable=_names(text, options.get("disable", ""), _UNIT, "a unit of systemd") or msgspec.UNSET,
    )


def including(text: str, packages: Iterable[str], disable: Iterable[str]) -> str:
    """The location of the same build with more packages; units of theirs that it is not to start are disabled."""
    head, _, query = text.partition("?")
    options = _options(text, query)
    for key, names in (("include", packages), ("disable", disable)):
        given = [name for name in options.get(key, "").split(",") if name]
        options[key] = ",".join(sorted({*given, *names}))
    return f"{head}?{urlencode(options, safe=',:/+@')}"


def _options(text: str, query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=16)
    except ValueError as error:
        raise _wrong(text, f"the options {query!r} are not KEY=VALUE pairs joined by '&'") from error
    options: dict[str, str] = {}
    for key, value in pairs:
        if key not in _OPTIONS:
            raise _wrong(text, f"the option {key!r} is unknown", f"the options are {', '.join(_OPTIONS)}")
        if key in options:
            raise _wrong(text, f"the option {key!r} is given twice")
        # A plus sign is a blank in a query string, but part of a name such as `g++`.
        options[key] = value.replace(" ", "+") if key == "include" else value
    return options


def _names(text: str, value: str, form: re.Pattern[str], what: str) -> tuple[str, ...]:
    names = [name for name in value.split(",") if name]
    for name in names:
        if not form.fullmatch(name):
            raise _wrong(text, f"{name!r} is not the name of {what}")
    return tuple(sorted(set(names)))


def _wrong(text: str, message: str, hint: str | None = None) -> UserError:
    return UserError(message, where=f"image location {text!r}", hint=hint or f"the form is {_FORM}")
