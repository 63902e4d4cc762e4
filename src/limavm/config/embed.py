"""A template and everything that it is based on as one text (spec/config.md 3), its comments kept.

Reading is handed in, so nothing here knows about URLs; `bases` finds and merges what a template is based on.
"""

import os

from limavm.config.bases import Embedding, loaded, too_large
from limavm.config.combine import combine
from limavm.config.located import Place, Read, make_absolute
from limavm.config.locator import Template
from limavm.config.yamltext import MAX_BYTES
from limavm.errors import UserError
from limavm.host import paths
from limavm.roundtrip.nodes import Document, mapping, text
from limavm.roundtrip.write import write

#: In `_config`: the base of all templates that instances are made of.
BASE_YAML = "base.yaml"


def no_reader(locator: str) -> Template:
    """For texts that refer to nothing: refuses every locator."""
    raise UserError("nothing is read here", where=locator)


def embed(template: Template, read: Read = no_reader, *, templates: bool = True, base: bool = False) -> Document:
    """The document that becomes `lima.yaml`: bases merged, files inlined, entries combined.

    `read` gets absolute locators. `templates=False` leaves references to `template:`. `base=True` begins with
    `_config/base.yaml`. Nodes tell file and line that they came from. Raises ConfigError for what cannot be
    embedded, with its place.
    """
    return _embedded(template, read, templates=templates, base=base)[0][0]


def embedded(template: Template, read: Read = no_reader, *, templates: bool = True, base: bool = False) -> bytes:
    """The text of `embed`: that of the template, byte by byte, when there was nothing to embed.

    Documents behind the first one mean nothing to an instance, and stay. Raises like `embed`, and UserError when
    the text becomes too large.
    """
    documents, changed = _embedded(template, read, templates=templates, base=base)
    return _checked(write(documents), template.locator) if changed else template.text


def absolute(template: Template) -> bytes:
    """The text with its locators made absolute: that of the template, byte by byte, when they are.

    Raises like `embed`.
    """
    documents, root = loaded(template)
    if root is None or not make_absolute(root, template.locator, paths.user_home):
        return template.text
    documents[0].root = root
    return write(documents).encode()


def _embedded(template: Template, read: Read, *, templates: bool, base: bool) -> tuple[list[Document], bool]:
    documents, root = loaded(template)
    document = documents[0]
    plain = document.root
    embedding = Embedding(read, templates=templates)
    default = os.path.join(paths.config_dir(), BASE_YAML) if base else ""
    root = root if root is not None else mapping()
    changed = embedding.embed(root, template, [_default(default)] if default and os.path.exists(default) else [])
    changed = combine(root) or changed
    if not changed:
        return documents, False
    document.root = root if root.pairs or plain is not None else None
    document.head_comment = "\n\n".join(filter(None, (document.head_comment, embedding.orphans)))
    return documents, True


def _default(path: str) -> Place:
    node = text(path)
    node.source = path
    return Place(entry=node, node=node, digest=None, key="")


def _checked(written: str, locator: str) -> bytes:
    content = written.encode()
    if len(content) > MAX_BYTES:
        raise too_large(locator)
    return content
