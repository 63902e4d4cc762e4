"""The yq expressions that edit flags stand for (spec/cli.md 5): pure functions of what the user typed.

What cannot be meant raises ValueError with a sentence; `edits` knows the flag and says it. No value can
end the text that it is written as, see `quoted`.
"""

import csv
import os
import re
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal

from limavm.cli.flags import parse_bool
from limavm.config.address import parse_ip
from limavm.model.value import Value

#: yq reads `\\` and `\(` inside of a text twice, before and after it looks for interpolations. Where one
#: of them would arise, the text is cut between both characters, and its parts are added.
_CUT = re.compile(r"(?<=\\)(?=[\\(])")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_CONTAINERD = {
    "user": (True, False),
    "system": (False, True),
    "user+system": (True, True),
    "system+user": (True, True),
    "none": (False, False),
}


class Home(Value, frozen=True, kw_only=True):
    """What paths are relative to: the user's home directory for `~`, the working directory for others."""

    home: str
    cwd: str


def quoted(text: str) -> str:
    """An expression whose value is `text`, whatever is in it. Raises ValueError when it is not Unicode."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{text!r} is not UTF-8") from error
    parts = ['"' + "".join(_ESCAPES.get(character, character) for character in part) + '"' for part in _CUT.split(text)]
    return parts[0] if len(parts) == 1 else "(" + " + ".join(parts) + ")"


def boolean(value: bool) -> str:
    """`true` or `false`."""
    return "true" if value else "false"


def gib(value: float) -> str:
    """The size as it stands in YAML: `"4GiB"`, `"0.5GiB"`. Raises ValueError for 0, which nothing can have."""
    if value == 0:
        raise ValueError("it must be more than 0")
    number = f"{Decimal(repr(value)):f}"
    return quoted((number.rstrip("0").rstrip(".") if "." in number else number) + "GiB")


def dns(values: Sequence[str]) -> str:
    """Adds addresses of name servers and takes the host's resolver out of the way."""
    addresses = list(fields(values))
    for address in addresses:
        if parse_ip(address) is None:
            raise ValueError(f"{address!r} is no IP address")
    texts = ",".join(map(quoted, addresses))
    return f".dns += [{texts}] | .dns |= unique | .hostResolver.enabled=false"


def mounts(values: Sequence[str], place: Home) -> list[str]:
    """An entry of `mounts` for each directory; `:w` behind it makes it writable."""
    return [_mount(value, place) for value in fields(values)]


def _mount(value: str, place: Home) -> str:
    writable = value.endswith(":w")
    location = quoted(expanded(value.removesuffix(":w"), place))
    return f'{{"location": {location}, "mountPoint": {location}, "writable": {boolean(writable)}}}'


def expanded(path: str, place: Home) -> str:
    """The whole path of a directory that may begin with `~`; raises ValueError."""
    if not path:
        raise ValueError("the path of a directory is empty")
    if path.startswith("~"):
        user, _, rest = path[1:].partition("/")
        if user:
            raise ValueError(f"{path!r} is in the home directory of somebody else; write its path in full")
        path = os.path.join(place.home, rest)
    return os.path.normpath(os.path.join(place.cwd, path))


def networks(values: Sequence[str]) -> str:
    """Adds networks to those there are. Lima keeps one network without a name; here sockets stay apart."""
    items = ",".join(map(_network, fields(values)))
    return f".networks += [{items}] | .networks |= unique_by(.lima // .socket // .vzNAT)"


def _network(value: str) -> str:
    if value == "vzNAT":
        return '{"vzNAT": true}'
    name = value.removeprefix("lima:")
    if name == value or not name:
        raise ValueError(f"{value!r} is no network: write lima:NAME, such as lima:user-v2, or vzNAT")
    return f'{{"lima": {quoted(name)}}}'


def param(value: str, allowed: Collection[str]) -> str:
    """Sets a param that the configuration declares."""
    name, equals, text = value.partition("=")
    if not equals or not name:
        raise ValueError(f"{value!r} has not the form NAME=VALUE")
    if name not in allowed:
        known = ", ".join(map(repr, allowed)) or "none"
        raise ValueError(f"the configuration has no param {name!r} (it has: {known})")
    return f".param[{quoted(name)}] = {quoted(text)}"


def images(key: str, value: str) -> str:
    """Keeps the images of one variant."""
    if not value:
        raise ValueError("it must not be empty")
    return f".images = [.images[] | select(.{key} == {quoted(value)})]"


def containerd(value: str) -> str:
    """Which of the two containerd services the guest has."""
    if value not in _CONTAINERD:
        raise ValueError(f"{value!r} is none of user, system, user+system, none")
    user, system = map(boolean, _CONTAINERD[value])
    return f".containerd.user = {user} | .containerd.system = {system}"


def port_forwards(values: Sequence[str]) -> str:
    """Adds forwards `HOST:GUEST[,static=BOOL]`."""
    return f".portForwards += [{','.join(map(_port_forward, values))}]"


def _port_forward(value: str) -> str:
    ports, *options = (part.strip() for part in value.split(","))
    host, *others = (port.strip() for port in ports.split(":"))
    if len(others) != 1 or len(options) > 1:
        raise ValueError(f"{value!r} has not the form HOST:GUEST or HOST:GUEST,static=true")
    static = False
    if options:
        key, equals, word = options[0].partition("=")
        if key != "static" or not equals:
            raise ValueError(f"{options[0]!r} is not known; only static=true or static=false may follow the ports")
        static = parse_bool(word)
    return f'{{"guestPort": "{_port(others[0])}", "hostPort": "{_port(host)}", "static": {boolean(static)}}}'


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise ValueError(f"{text!r} is no port from 1 to 65535")
    return int(text)


def fields(values: Sequence[str]) -> Iterator[str]:
    """The values of a flag that is repeatable and comma separated, with the quoting of CSV."""
    for value in values:
        try:
            # An empty text has no field for CSV, and one for whoever typed it.
            yield from next(csv.reader([value], strict=True), None) or [""]
        except csv.Error as error:
            raise ValueError(f"{value!r} cannot be split at its commas: {error}") from error
