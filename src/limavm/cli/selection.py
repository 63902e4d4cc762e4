"""Instances chosen and shown by yq expressions: `--filter` and `--yq` of `list` (spec/cli.md 9.2, 9.4).

Imported late: `list` without these flags does without the language.
"""

from collections.abc import Sequence
from typing import Any

from limavm.cli import fields, output
from limavm.model.instance import Instance
from limavm.roundtrip.build import from_value, to_value
from limavm.roundtrip.nodes import Document, Kind, Node
from limavm.yq import ExpressionError
from limavm.yq.evaluation import evaluate


def kept(instances: Sequence[Instance], filters: Sequence[str]) -> list[Instance]:
    """The instances for which every filter is true; raises UserError for an expression that fails."""
    expressions = [f"select({expression})" for expression in filters]
    return [instance for instance in instances if _results(fields.own(instance), expressions, "--filter")]


def shown(instances: Sequence[Instance], expressions: Sequence[str], form: str, *, colour: bool) -> str:
    """What the expressions, one after the other, give for each instance, as JSON or YAML."""
    found = [node for one in instances for node in _results(fields.of(one), expressions, "--yq")]
    write, gap = (_yaml, "---\n") if form == "yaml" else (_json, "")
    return gap.join(write(node, colour=colour) for node in found if not _is_empty(node))


def _results(value: object, expressions: Sequence[str], flag: str) -> list[Node]:
    """The nodes that come out of the expressions, each applied to all results of the one before."""
    documents = [Document(root=from_value(value))]
    for expression in expressions:
        try:
            documents = evaluate(expression, documents)
        except ExpressionError as error:
            error.message = f"the expression of {flag} failed: {error.message}"
            raise
    return [document.root for document in documents if document.root is not None]


def _json(node: Node, *, colour: bool) -> str:
    if node.resolved.kind is Kind.SCALAR:
        return node.resolved.value + "\n"
    return output.json_text(_plain(node), colour=colour) + "\n"


def _yaml(node: Node, *, colour: bool) -> str:
    if node.resolved.kind is Kind.SCALAR:
        return node.resolved.value + "\n"
    text = output.yaml_text(_plain(node))
    if not colour:
        return text
    from limavm.cli.yamlcolour import coloured

    return coloured(text)


def _is_empty(node: Node) -> bool:
    """An object without members, which is left out wherever it is."""
    return node.resolved.kind is Kind.MAPPING and not _plain(node)


def _plain(node: Node) -> Any:
    return output.without_empty_objects(to_value(node))
