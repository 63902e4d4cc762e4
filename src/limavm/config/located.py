"""The places of a template that refer to other files: its bases, and the files of scripts.

A place holds the node with the locator, so that it can be changed, and knows where it is for messages.
"""

import hashlib
from collections.abc import Callable, Iterator

import msgspec

from limavm.config.digest import digest_error
from limavm.config.errors import ConfigError
from limavm.config.locator import Template
from limavm.config.relative import absolute_locator, scheme_of
from limavm.config.treevalue import text_of, unset, wrong
from limavm.errors import NotFoundError, UserError
from limavm.roundtrip.nodes import Kind, Node, Style, text

Read = Callable[[str], Template]


class Place(msgspec.Struct, eq=False, kw_only=True):
    """A reference to another file. `node` is the text of the locator, `entry` all that says it."""

    entry: Node
    node: Node
    digest: Node | None
    key: str

    @property
    def locator(self) -> str:
        """What the file is named by."""
        return text_of(self.node) or ""

    @property
    def is_template(self) -> bool:
        """Whether it is a template by name, which may stay a reference."""
        return scheme_of(self.locator) == "template"

    def wrong(self, message: str, hint: str | None = None) -> ConfigError:
        """The error about this reference."""
        return wrong(message, self.node, self.key, hint=hint)


def bases(root: Node) -> list[Place]:
    """The bases that a configuration names, in order. Raises ConfigError for what is no locator."""
    node = root.get("base")
    if node is None or node.is_null:
        return []
    if node.kind is Kind.MAPPING:
        raise wrong("must be a locator, or a list of them; write a `-` before this one", node, "base")
    if node.kind is Kind.SEQUENCE:
        return [_place(item, f"base[{index}]") for index, item in enumerate(node.items)]
    return [_place(node, "base")]


def files(root: Node, name: str) -> Iterator[tuple[Node, Place]]:
    """The entries of the list `name` that have a `file`, with it. Raises ConfigError for what is no locator."""
    entries = root.get(name)
    for index, entry in enumerate(entries.items if entries is not None else ()):
        file = entry.get("file")
        if file is not None and not unset(file):
            yield entry, _place(file, f"{name}[{index}].file")


def _place(entry: Node, key: str) -> Place:
    if entry.kind is Kind.SCALAR:
        return Place(entry=entry, node=entry, digest=None, key=key)
    url, digest = entry.get("url"), entry.get("digest")
    if entry.kind is not Kind.MAPPING or (url is not None and url.kind is not Kind.SCALAR):
        raise wrong("must be a locator, or a mapping with `url` and `digest`", entry, key)
    if digest is not None and digest.kind is not Kind.SCALAR:
        raise wrong("must be a digest such as sha256:HEX", digest, f"{key}.digest")
    return Place(entry=entry, node=url if url is not None else entry, digest=digest, key=key)


def make_absolute(root: Node, origin: str, home: Callable[[], str]) -> bool:
    """Make the locators of the template at `origin` absolute; whether any of them changed.

    Raises ConfigError for a locator that cannot be.
    """
    places = bases(root)
    for name in ("provision", "probes"):
        places.extend(place for _, place in files(root, name))
    changed = False
    for place in places:
        try:
            locator = absolute_locator(place.locator, origin, home)
        except ValueError as error:
            raise place.wrong(str(error)) from error
        if locator != place.locator:
            changed = True
            _write(place.node, locator)
    return changed


def _write(node: Node, value: str) -> None:
    """Give a scalar another text, in its own quotes when it has some."""
    new = text(value)
    node.value, node.tag = value, new.tag
    if node.style not in (Style.SINGLE, Style.DOUBLE):
        node.style = new.style


def read_place(place: Place, read: Read, what: str, chain: str = "") -> Template:
    """The file that a place refers to; `what` names its kind, and `chain` tells how we came to it.

    Raises ConfigError when it cannot be read, or has another digest than the place says.
    """
    try:
        template = read(place.locator)
    except UserError as error:
        raise place.wrong(f"{what} {place.locator!r} {_reason(error, place)}{chain}", error.hint) from error
    if place.digest is not None and not unset(place.digest):
        _verify(place, template.text, what)
    return template


def _reason(error: UserError, place: Place) -> str:
    if isinstance(error, NotFoundError) and error.where == place.locator:
        return "does not exist"
    where = f" ({error.where})" if error.where and error.where != place.locator else ""
    return f"cannot be read: {error.message}{where}"


def _verify(place: Place, content: bytes, what: str) -> None:
    assert place.digest is not None
    wanted = text_of(place.digest) or ""
    key = f"{place.key}.digest"
    if problem := digest_error(wanted):
        raise wrong(problem, place.digest, key)
    algorithm = wanted.partition(":")[0]
    if (found := f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}") != wanted:
        message = f"{what} {place.locator!r} is not the one that was meant: its digest is {found}"
        raise wrong(message, place.digest, key, hint="check what changed in it before you correct the digest")
