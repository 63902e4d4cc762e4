"""Evaluation: an expression and candidates in, candidates out, within bounds of time, memory and depth.

What an expression means is up to its operators, found by `expr.op` in the table that the evaluator is handed; their
rules are in `operators`. Here is what all of them share: the way down the tree, the place of an error, and the bounds.
"""

from collections.abc import Callable, Mapping
from copy import copy

from limavm.roundtrip.nodes import Node
from limavm.yq.context import Candidate, Context, World
from limavm.yq.errors import ExpressionError, Trouble
from limavm.yq.tree import Expr

#: Operators evaluated, candidates seen, nodes copied: two or three seconds, a hundred megabytes.
MAX_STEPS = 250_000
#: More of them for each node of the documents.
STEPS_PER_NODE = 12
#: Of operators within operators; Python has a thousand frames, and one level takes about five.
MAX_DEPTH = 110
#: Levels of a node made by an expression; documents have at most 100.
MAX_NODE_DEPTH = 150
#: Characters of a text that cost as much as one step.
_TEXT = 16

Operator = Callable[["Evaluator", Context, Expr], list[Candidate]]


class Evaluator:
    """One evaluation of one expression: its operators, what it may see, and what it has used up."""

    def __init__(self, operators: Mapping[str, Operator], parse: Callable[[str], Expr | None], world: World) -> None:
        self.world = world
        self.parse = parse
        self._operators = operators
        self._steps = 0
        self._limit = MAX_STEPS
        self._depth = 0
        self._expression = ""

    def evaluate(self, expr: Expr | None, context: Context) -> list[Candidate]:
        """The results of an operator on the candidates of the context; None is the candidates themselves.

        Raises ExpressionError with the place of the operator, also when the evaluation takes too much.
        """
        if expr is None:
            return context.candidates
        if self._depth >= MAX_DEPTH:
            raise ExpressionError("the expression is nested too deeply", self._expression, expr.position)
        self._depth += 1
        try:
            return self._operate(expr, context)
        except Trouble as trouble:
            message, hint = trouble.message, trouble.hint
            raise ExpressionError(message, self._expression, expr.position, hint=hint) from trouble
        finally:
            self._depth -= 1

    def _operate(self, expr: Expr, context: Context) -> list[Candidate]:
        # A long pipe must not become deep: it is a tree that leans to the right.
        while expr.op == "|" and expr.lhs is not None and expr.rhs is not None and expr.lhs.op not in ("as", "ref"):
            self.spend(1 + len(context.candidates))
            context = context.on(self.evaluate(expr.lhs, context))
            expr = expr.rhs
        self.spend(1 + len(context.candidates))
        operator = self._operators.get(expr.op)
        if operator is None:
            raise ExpressionError(f"the operator {expr.op!r} is not supported", self._expression, expr.position)
        return operator(self, context, expr)

    def run(self, text: str, context: Context) -> list[Candidate]:
        """The results of an expression that is a text, as `eval` is given it."""
        return self.run_parsed(text, self.parse(text), context)

    def run_parsed(self, text: str, tree: Expr | None, context: Context) -> list[Candidate]:
        """The results of an expression whose tree is there already."""
        if self._depth == 0:
            self._begin(context)
        outer, self._expression = self._expression, text
        try:
            return self.evaluate(tree, context)
        except RecursionError as error:
            # Deep values within a deep expression, called from far down: no single bound was reached.
            raise ExpressionError("the expression and its values are nested too deeply", text, 0) from error
        finally:
            self._expression = outer

    def _begin(self, context: Context) -> None:
        """Documents may be worked on the more the larger they are; what an evaluation begins with is whole."""
        waiting = [candidate.node for candidate in context.candidates]
        while waiting:
            node = waiting.pop()
            self._limit += STEPS_PER_NODE
            waiting += node.children()
        for candidate in context.candidates:
            origin = candidate.origin
            candidate.whole |= origin is not None and origin.document.root is candidate.node

    def spend(self, steps: int) -> None:
        """Account for work or memory; raises Trouble when it was too much altogether."""
        self._steps += steps
        if self._steps > self._limit:
            raise Trouble("the expression takes too many steps on these documents")

    def spend_text(self, length: int) -> None:
        """Account for a text of so many characters, before it is made."""
        self.spend(length // _TEXT)

    def visit(self, depth: int) -> None:
        """Account for a node that is so many levels below where a walk began; raises Trouble for too many."""
        self.spend(1)
        if depth >= MAX_NODE_DEPTH:
            raise Trouble("the values are nested too deeply")

    def copy(self, node: Node) -> Node:
        """A tree of its own with the same content; aliases within it refer to the copied anchors."""
        copies: dict[int, Node] = {}
        copied = self._copy(node, copies, 0)
        for original in list(copies.values()):
            if original.target is not None:
                original.target = copies.get(id(original.target), original.target)
        return copied

    def _copy(self, node: Node, copies: dict[int, Node], depth: int) -> Node:
        self.visit(depth)
        copied = copy(node)
        # The copy has the very lists of the original, also when they are empty.
        copied.items = [self._copy(item, copies, depth + 1) for item in node.items] if node.items else []
        copied.pairs = (
            [(self._copy(key, copies, depth + 1), self._copy(value, copies, depth + 1)) for key, value in node.pairs]
            if node.pairs
            else []
        )
        if node.anchor or node.target is not None:
            copies[id(node)] = copied
        return copied
