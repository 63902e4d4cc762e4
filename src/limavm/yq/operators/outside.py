"""What reaches beyond the documents: the environment and files, as far as the World lets them; `eval`, `error`."""

from collections.abc import Callable, Mapping

from limavm.errors import UserError
from limavm.roundtrip.nodes import Document, Kind, Node
from limavm.roundtrip.read import read
from limavm.yq import envsubst
from limavm.yq.context import Candidate, Context
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.formats.registry import decode
from limavm.yq.scalars import real_tag, scalar
from limavm.yq.tree import Expr


def _environ(evaluator: Evaluator) -> Mapping[str, str]:
    if evaluator.world.environ is None:
        raise Trouble("operators that read the environment are disabled here")
    return evaluator.world.environ


def _load(evaluator: Evaluator) -> Callable[[str], bytes]:
    if evaluator.world.load is None:
        raise Trouble("operators that read files are disabled here")
    return evaluator.world.load


def env(evaluator: Evaluator, _context: Context, expr: Expr) -> list[Candidate]:
    """`env(NAME)`: the value of a variable, read as YAML."""
    value = _environ(evaluator).get(expr.text, "")
    if not value:
        raise Trouble(f"the environment has no variable {expr.text}")
    try:
        documents = read(value.encode("utf-8", "surrogateescape"), f"${expr.text}")
    except UserError as error:
        raise Trouble(f"the variable {expr.text} is no YAML: {error.message}") from error
    return [Candidate(node=_root(documents))]


def strenv(evaluator: Evaluator, _context: Context, expr: Expr) -> list[Candidate]:
    """`strenv(NAME)`: the value of a variable, a text whatever it says."""
    return [Candidate(node=scalar(_environ(evaluator).get(expr.text, ""), "!!str"))]


def substituted(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`envsubst`, `envsubst(nu, ne)`: the variables in a text replaced; nu and ne refuse unset and empty ones."""
    environ = _environ(evaluator)
    options = set(expr.text.replace(",", " ").split())
    results: list[Candidate] = []
    for candidate in context.candidates:
        node = candidate.node.resolved
        if real_tag(node) != "!!str":
            raise Trouble(f"only a text can have variables in it, not {node.full_tag}", hint="write |= instead of =")
        value = envsubst.substitute(node.value, environ, no_unset="nu" in options, no_empty="ne" in options)
        evaluator.spend_text(len(value))
        results.append(candidate.text(value))
    return results


def load(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`load(name)` and `load_xml(name)` and the like: what a file holds."""
    results: list[Candidate] = []
    for data, name in _files(evaluator, context, expr):
        evaluator.spend_text(len(data))
        try:
            documents = decode(data, expr.text, name)
        except UserError as error:
            raise Trouble(f"{name} cannot be loaded: {error.message}") from error
        if len(documents) > 1:
            results.append(Candidate(node=Node(kind=Kind.SEQUENCE, items=[_root([one]) for one in documents])))
        else:
            results.append(Candidate(node=_root(documents)))
    return results


def load_str(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`load_str(name)`: the text of a file."""
    results: list[Candidate] = []
    for data, name in _files(evaluator, context, expr):
        evaluator.spend_text(len(data))
        try:
            results.append(Candidate(node=scalar(data.decode(), "!!str")))
        except UnicodeDecodeError as error:
            raise Trouble(f"{name} is no text in UTF-8") from error
    return results


def _files(evaluator: Evaluator, context: Context, expr: Expr) -> list[tuple[bytes, str]]:
    load_ = _load(evaluator)
    found: list[tuple[bytes, str]] = []
    for candidate in context.candidates:
        names = evaluator.evaluate(expr.rhs, context.one(candidate).reading())
        if not names:
            raise Trouble("there is no name of a file")
        name = names[0].node.resolved.value
        try:
            found.append((load_(name), name))
        except UserError as error:
            raise Trouble(f"{name} cannot be loaded: {error.message}") from error
    return found


def _root(documents: list[Document]) -> Node:
    root = documents[0].root if documents else None
    return root if root is not None else scalar("null", "!!null")


def evaluated(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`eval(f)`: the results of the expressions that f gives as texts."""
    results: list[Candidate] = []
    for single in context.inputs():
        for text in evaluator.evaluate(expr.rhs, single.reading()):
            results += evaluator.run(text.node.resolved.value, single)
    return results


def error(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`error(message)`"""
    found = evaluator.evaluate(expr.rhs, context.reading())
    raise Trouble(found[0].node.resolved.value if found else "aborted")


def system(_evaluator: Evaluator, _context: Context, _expr: Expr) -> list[Candidate]:
    """`system`: there is no way to allow it."""
    raise Trouble("operators that run programs are disabled")


TABLE: dict[str, Operator] = {
    "env": env,
    "strenv": strenv,
    "envsubst": substituted,
    "load": load,
    "load_str": load_str,
    "eval": evaluated,
    "error": error,
    "system": system,
}
