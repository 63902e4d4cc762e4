"""The location `mmdebstrap:SUITE[?include=a,b&variant=V&mirror=URL]`, parsed once into a value."""

import re
from urllib.parse import parse_qsl

from limavm.errors import UserError
from limavm.model.value import Value

SCHEME = "mmdebstrap:"
SUITES = ("trixie", "bookworm")
#: Package sets of mmdebstrap that hold what a machine needs to install more.
VARIANTS = ("apt", "minbase", "required", "buildd", "important", "standard")

# Debian policy 5.6.7; the rest of an apt pattern has no business in a location.
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_URL = re.compile(r"https?://[^\s\[\]\"']+")
_FORM = f"{SCHEME}SUITE[?include=PACKAGE,…&variant=VARIANT&mirror=URL]"


class Location(Value, frozen=True, kw_only=True):
    """What to build. `mirror` is None for the one that the host uses."""

    suite: str
    include: tuple[str, ...] = ()
    variant: str = VARIANTS[0]
    mirror: str | None = None


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
    return Location(suite=suite, include=_packages(text, options.get("include", "")), variant=variant, mirror=mirror)


def _options(text: str, query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=16)
    except ValueError as error:
        raise _wrong(text, f"the options {query!r} are not KEY=VALUE pairs joined by '&'") from error
    options: dict[str, str] = {}
    for key, value in pairs:
        if key not in ("include", "variant", "mirror"):
            raise _wrong(text, f"the option {key!r} is unknown", "the options are include, variant and mirror")
        if key in options:
            raise _wrong(text, f"the option {key!r} is given twice")
        # A plus sign is a blank in a query string, but part of a name such as `g++`.
        options[key] = value.replace(" ", "+") if key == "include" else value
    return options


def _packages(text: str, include: str) -> tuple[str, ...]:
    names = [name for name in include.split(",") if name]
    for name in names:
        if not _PACKAGE.fullmatch(name):
            raise _wrong(text, f"{name!r} is not the name of a package")
    return tuple(sorted(set(names)))


def _wrong(text: str, message: str, hint: str | None = None) -> UserError:
    return UserError(message, where=f"image location {text!r}", hint=hint or f"the form is {_FORM}")
