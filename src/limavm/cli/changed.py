"""YAML texts as the edit flags want them: the decisions of `edits`, applied (spec/cli.md 4.2, 4.5, 5)."""

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

import msgspec

from limavm.cli import logs
from limavm.cli.edits import Edit, Situation, decide
from limavm.cli.expressions import Home
from limavm.cli.rejected import REJECTED, kept_when_rejected
from limavm.cli.templates import reader
from limavm.config.decode import decode
from limavm.config.embed import embed, embedded
from limavm.config.locator import Template
from limavm.errors import UserError
from limavm.instance.configuration import configuration
from limavm.instance.edit import Original, check, opened, save
from limavm.roundtrip.nodes import Document, Kind
from limavm.roundtrip.read import read
from limavm.roundtrip.write import write

#: `--param` may set what the text declares, or also what `_config/default.yaml` and its like do.
Params = Literal["text", "effective"]


def whole(template: Template, *, base: bool = True) -> bytes:
    """The template with everything that it is based on; `base`: also the user's `base.yaml`."""
    return embedded(template, reader(), base=base)


def changed(
    text: bytes,
    given: Mapping[str, object],
    *,
    source: str,
    params: Callable[[], Collection[str]] | None = None,
    existing: bool = False,
) -> bytes:
    """The text with what the flags ask for: the same bytes when they ask for nothing.

    `params` tells which params `--param` may set, instead of those of the text. Raises UserError, naming the
    flag, for what cannot be done.
    """
    situation = Situation(place=here(), params=params or (lambda: declared(text, source)), existing=existing)
    after = applied(text, decide(given, situation), source=source)
    variants = [f"--{flag.replace('_', '-')}" for flag in ("image_variant", "arch_variant") if given.get(flag)]
    if variants and not existing and decode(text, source).layer.images and not decode(after, source).layer.images:
        raise UserError(f"no image has the variant of {' and '.join(variants)}", where=source)
    return after


def places(template: Template, given: Mapping[str, object]) -> Document:
    """What `changed` makes of the `whole` template, as a tree that knows the files and lines it came from."""
    from limavm.yq.edit import apply_to

    document = embed(template, reader(), base=True)
    situation = Situation(place=here(), params=lambda: declared(document, template.locator))
    edits = decide(given, situation, warn=lambda _: None)
    return apply_to([document], [edit.expression for edit in edits])[0]


def here() -> Home:
    """What relative paths of the user start at."""
    try:
        cwd = os.getcwd()
    except FileNotFoundError:  # it was removed; what is relative to it stays so, and is refused as such
        cwd = ""
    return Home(home=os.path.expanduser("~"), cwd=cwd)


def declared(text: bytes | Document, source: str) -> Collection[str]:
    """The names of the params that a text declares."""
    return (decode(text, source).layer.param or {}).keys()


def applied(text: bytes, edits: Sequence[Edit], *, source: str) -> bytes:
    """The text after the expressions; raises UserError, naming the flag, for one that fails."""
    if not edits:
        return text
    from limavm.yq import ExpressionError
    from limavm.yq.edit import apply_to

    documents = read(text, source)
    try:
        results = apply_to(documents, [edit.expression for edit in edits])
        if _are_mappings(documents) and not _are_mappings(results):
            raise _not_mappings(documents, edits)
        return write(results).encode()
    except ExpressionError as error:
        edit, start = _blamed(edits, error.expression, error.position)
        position = min(error.position - start, len(edit.expression))
        hints = (look(edit.expression, position) for look in (_quoting_hint, _dot_hint, _variable_hint))
        hint = error.hint or next(filter(None, hints), None)
        message = f"the expression of the flag {edit.flag} failed: {error.message}"
        raise ExpressionError(message, edit.expression, position, hint=hint) from error


def _quoting_hint(expression: str, position: int) -> str | None:
    """What to write when the error is at a bare word that is to become the value of a key."""
    for word in re.finditer(r"=\s*([\w./:+-]+)(?![\w./:+(-])", expression):
        start, end = word.span(1)
        if start <= position < end:
            return f"texts need quotes: '{expression[:start]}\"{word[1]}\"{expression[end:]}'"
    return None


def _dot_hint(expression: str, position: int) -> str | None:
    """What to write when the error is at a key without its dot."""
    if not re.search(r"(^|[|(,])\s*$", expression[:position]):
        return None
    if not re.match(r"[A-Za-z_][\w.]*(\[[^\]]*\][\w.]*)*\s*([|+*/-]?=(?!=)|$)", expression[position:]):
        return None
    return f"a key begins with a dot: '{expression[:position]}.{expression[position:]}'"


def _variable_hint(expression: str, position: int) -> str | None:
    """What to know of the `$` of the shell, when the error is at one."""
    if not re.match(r"\$[A-Z_]", expression[position:]):
        return None
    return 'variables of the shell are replaced by the shell, between double quotes: ".env.A = \\"$HOME\\""'


def _are_mappings(documents: Sequence[Document]) -> bool:
    roots = [document.root for document in documents]
    return bool(roots) and all(root is not None and root.resolved.kind is Kind.MAPPING for root in roots)


def _not_mappings(documents: Sequence[Document], edits: Sequence[Edit]) -> UserError:
    """The error for expressions that leave a part of the configuration, such as `.cpus`, or nothing."""
    from limavm.yq.edit import apply_to

    expressions = [edit.expression for edit in edits]
    counts = range(1, len(edits) + 1)
    count = next((n for n in counts if not _are_mappings(apply_to(documents, expressions[:n]))), len(edits))
    return UserError(
        f"the expression of the flag {edits[count - 1].flag} gives a part of the configuration, instead of changing it",
        where=expressions[count - 1],
        hint="assign something, as in '.cpus = 4', or remove something, as in 'del(.memory)'",
    )


def _blamed(edits: Sequence[Edit], together: str, position: int) -> tuple[Edit, int]:
    """The edit that a position in all expressions together belongs to, and where it begins there."""
    found, start = edits[0], 0
    for edit in edits:
        begin = together.find(edit.expression.strip(), start)
        if not 0 <= begin <= position:
            break
        found, start = edit, begin
    return msgspec.structs.replace(found, expression=found.expression.strip()), start


def rewrite(name: str, given: Mapping[str, object], *, params: Params, may_shrink: bool = False) -> bool:
    """Apply flags to the `lima.yaml` of an instance that exists; whether it changed.

    The new text is checked before it replaces the old one; a wrong one goes to lima.REJECTED.yaml. With
    `may_shrink`, the disk may be configured smaller than it was, but not smaller than it is.
    """
    with opened(name) as original:
        after = changed_original(original, given, params=params)
        if after == original.text:
            return False
        with kept_when_rejected(after):
            check(original, after, source=REJECTED, may_shrink=may_shrink)
            save(original, after)
    logs.info(f"the configuration of instance {name!r} was changed", file=original.path)
    return True


def changed_original(original: Original, given: Mapping[str, object], *, params: Params) -> bytes:
    """The text of something that exists with what the flags ask for."""
    directory = original.directory
    effective = (lambda: configuration(directory).param.keys()) if directory and params == "effective" else None
    return changed(original.text, given, source=original.path, params=effective, existing=True)
