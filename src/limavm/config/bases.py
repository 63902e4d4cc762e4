"""The bases of a template, and the bases of these, merged into it (spec/config.md 3.1).

They are merged depth first, each once: where one is reached again by another way it is left out (Q12),
and one that leads back to itself is refused.
"""

import os
from collections.abc import Sequence

from limavm.config.aliases import remove_anchors, without_aliases
from limavm.config.basekey import above, put_back
from limavm.config.basemerge import merge
from limavm.config.errors import ConfigError, Problem
from limavm.config.inline import inline
from limavm.config.located import Place, Read, bases, make_absolute, read_place
from limavm.config.locator import Template
from limavm.config.treevalue import size_of, wrong
from limavm.config.yamltext import MAX_BYTES
from limavm.errors import UserError
from limavm.host import paths
from limavm.roundtrip.errors import YamlError
from limavm.roundtrip.nodes import Document, Kind, Node
from limavm.roundtrip.read import read as read_documents

#: More bases, or bases of bases, than these are a mistake.
MAX_BASES = 1000
MAX_LEVELS = 50


def loaded(template: Template) -> tuple[list[Document], Node | None]:
    """The documents of a template, and the root of the first, which is the configuration, without aliases.

    Raises ConfigError when that root is no mapping.
    """
    source = "standard input" if template.locator == "-" else template.locator
    try:
        documents = read_documents(template.text, source)
    except YamlError as error:
        problem = Problem(message=error.message, source=error.source, line=error.line)
        raise ConfigError([problem], hint=error.hint) from error
    root = documents[0].root
    if root is None or (root.kind is Kind.SCALAR and root.is_null and not root.value):
        return documents, None
    if root.resolved.kind is not Kind.MAPPING:
        raise wrong("the text must be a mapping of keys to values", root, "", source=source)
    return documents, without_aliases(root)


def too_large(locator: str) -> UserError:
    """The error about a template that grew too much."""
    return UserError(f"with all that it is based on the template is larger than {MAX_BYTES >> 20} MiB", where=locator)


class Embedding:
    """One embedding: what was read for it, and how it is done."""

    def __init__(self, read: Read, *, templates: bool) -> None:
        self.read = read
        self.templates = templates
        self.seen: set[str] = set()
        #: The locators from the template to the base that is embedded now, and what each of them is told by.
        self.chain: list[str] = []
        self.identities: list[str] = []
        #: Comments of the `base` key of the template when no key follows it.
        self.orphans = ""

    def embed(self, root: Node, template: Template, first: Sequence[Place] = ()) -> bool:
        """Embed in `root`, the mapping of `template`, what it refers to; whether there was anything."""
        self.chain.append(template.locator)
        self.identities.append(_identity(template.locator))
        changed = make_absolute(root, template.locator, paths.user_home)
        if places := [*first, *bases(root)]:
            merged, left = self.merge_all(root, places)
            changed = changed or merged
            if merged:
                # What a base says about its own bases says nothing about the template.
                self.orphans = put_back(root, left, comments=len(self.chain) == 1)
        changed = inline(root, self.read, templates=self.templates) or changed
        self.chain.pop()
        self.identities.pop()
        if changed and size_of(root) > MAX_BYTES:
            raise too_large(template.locator)
        return changed

    def merge_all(self, root: Node, places: list[Place]) -> tuple[bool, list[Place]]:
        """Merge the bases at `places` into `root`; whether any was, and those that stay references."""
        merged = False
        pending = places[::-1]
        if len(places) > MAX_BASES:
            raise _too_many(places[MAX_BASES])
        size = size_of(root)
        while pending:
            place = pending[-1]
            if place.is_template and not self.templates:
                _check_left(pending)
                break
            pending.pop()
            merged = True
            if (base := self.base(place)) is None:
                continue
            pending.extend(reversed(_taken(base)))
            size += size_of(base)
            merge(root, base)
            if size > MAX_BYTES and (size := size_of(root)) > MAX_BYTES:
                raise place.wrong(f"with this base the template is larger than {MAX_BYTES >> 20} MiB")
        return merged, pending[::-1]

    def base(self, place: Place) -> Node | None:
        """The mapping of a base with its own bases merged, None when it has nothing new to say."""
        if self.is_known(place):
            return None
        way = f" ({self.way(place)})" if len(self.chain) > 1 else ""
        template = read_place(place, self.read, "the base", way)
        self.seen.add(_identity(template.locator))
        documents, base = loaded(template)
        if base is not None and base.pairs:
            # The template may have anchors of the same names, and not every reader takes two of them.
            remove_anchors(base)
            _take_comments(base, documents[0])
            self.embed(base, template)
        return base

    def is_known(self, place: Place) -> bool:
        """Whether the base was merged already; raises ConfigError for one that is based on itself."""
        identity = _identity(place.locator)
        if identity in self.identities:
            raise place.wrong(f"the base {place.locator!r} is based on itself: {self.way(place)}")
        if identity in self.seen:
            return True
        self.seen.add(identity)
        if len(self.seen) > MAX_BASES:
            raise _too_many(place)
        if len(self.chain) > MAX_LEVELS:
            raise place.wrong(f"bases of bases go deeper than {MAX_LEVELS} levels: {self.way(place)}")
        return False

    def way(self, place: Place) -> str:
        """How the embedding came to a base."""
        chain = [*self.chain, place.locator]
        return " → ".join(chain if len(chain) <= 8 else [*chain[:4], "…", *chain[-3:]])


def _take_comments(base: Node, document: Document) -> None:
    """Give the comments at the ends of a base's text to its first and last key, so that they go with these."""
    first, last = base.pairs[0][0], base.pairs[-1][0]
    first.head_comment = above(document.head_comment, first.head_comment)
    if document.foot_comment:
        # It is set off from the last key by a blank line, as it was.
        last.foot_comment = f"{last.foot_comment}\n\n{document.foot_comment}".removeprefix("\n")


def _check_left(pending: Sequence[Place]) -> None:
    """Raises ConfigError when a base would have to be merged before one that stays a reference."""
    for place in reversed(pending):
        if not place.is_template:
            first = pending[-1].locator
            raise place.wrong(f"{place.locator!r} cannot be embedded, because {first!r} before it is not")


def _too_many(place: Place) -> ConfigError:
    return place.wrong(f"there are more than {MAX_BASES} bases")


def _taken(base: Node) -> list[Place]:
    """The references that a base has left, taken out of it."""
    left = bases(base)
    base.pairs = [pair for pair in base.pairs if pair[0].value != "base"]
    return left


def _identity(locator: str) -> str:
    """What two spellings of the same file have in common."""
    if locator.startswith("template://"):
        return f"template:{locator.removeprefix('template://')}"
    path = locator.removeprefix("file://")
    return os.path.realpath(path) if os.path.isabs(path) else locator
