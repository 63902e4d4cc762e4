"""Operators between values and texts in some format: `to_json`, `@csv`, `from_yaml`, `@base64d`."""

from limavm.errors import UserError
from limavm.roundtrip import nodes
from limavm.roundtrip.nodes import Document, Kind
from limavm.yq.context import Candidate, Context, Origin
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.formats.options import Options
from limavm.yq.formats.registry import INPUT, OUTPUT, decode_as, encode_one, name_for
from limavm.yq.tree import Expr

#: Where yq's words differ from its formats: JSON is read as the YAML that it is.
_READ_AS = {"json": "yaml"}


class _Decoded(Origin):
    """Where a text was decoded that has no newline at its end: encoded again, it shall have none."""

    path: list[str | int]


def encode(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """The text of each candidate."""
    name = "words" if expr.text == "sh" else _known(expr.text, OUTPUT)
    options = Options(indent=min(int(expr.flags or 2), 80))
    results: list[Candidate] = []
    for candidate in context.candidates:
        value = _in_format(candidate, name, options)
        evaluator.spend_text(len(value))
        origin = candidate.origin
        chomped = isinstance(origin, _Decoded) and origin.path == candidate.path
        if chomped or name in ("csv", "tsv") or (name == "json" and not options.indent):
            value = value.rstrip("\n")
        results.append(candidate.text(value))
    return results


def _in_format(candidate: Candidate, name: str, options: Options) -> str:
    try:
        return encode_one(Document(root=candidate.node), name, options)
    except UserError as error:
        raise Trouble(error.message, hint=error.hint) from error


def decode(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """The first document of each text."""
    name = _known(_READ_AS.get(expr.text, expr.text), INPUT)
    results: list[Candidate] = []
    for candidate in context.candidates:
        given = candidate.node.resolved
        if given.kind is not Kind.SCALAR:
            raise Trouble(f"only a text can be decoded, and this is a {given.full_tag}")
        if not given.value and name in ("yaml", "csv", "tsv", "props"):
            raise Trouble("there is nothing to decode: the text is empty")
        evaluator.spend_text(len(given.value))
        decoded = _decoded(given.value.encode("utf-8", "surrogateescape"), name, "the text")
        result = candidate.replaced(_root(decoded))
        origin = candidate.origin
        if not given.value.endswith("\n"):
            result.origin = _Decoded(
                document=origin.document if origin else Document(),
                index=origin.index if origin else 0,
                file_index=origin.file_index if origin else 0,
                path=candidate.path,
            )
        results.append(result)
    return results


def _known(name: str, known: tuple[str, ...]) -> str:
    try:
        return name_for(name, known)
    except UserError as error:
        raise Trouble(error.message, hint=error.hint) from error


def _decoded(data: bytes, name: str, source: str) -> list[Document]:
    try:
        return decode_as(data, name, source, Options())
    except UserError as error:
        raise Trouble(f"{error.message} ({error.where})" if error.where else error.message, hint=error.hint) from error


def _root(documents: list[Document]) -> nodes.Node:
    root = documents[0].root if documents else None
    return nodes.null() if root is None else root


TABLE: dict[str, Operator] = {
    "encode": encode,
    "decode": decode,
}
