"""The expression language of yq v4 on round-trip YAML: a text and documents in, documents out.

An expression is a function from candidates to candidates; a `Candidate` (`context`) is a node and where it was found.

    expression ─lexer─▶ tokens ─parser─▶ Expr (`tree`) ─evaluator─▶ candidates ─evaluation─▶ documents
                  │                                        │
              vocabulary: words, bindings              registry: `operators/`, by name

Nothing of the world is touched: files and the environment are reached by the `World` that a caller hands over.
`evaluation` and `edit` are what others call. `operators` says how one is added.

Rules come from yq's manual and from what its program does; docs/yq.md lists where we differ on purpose.
"""

from limavm.yq.context import CLOSED, World
from limavm.yq.errors import ExpressionError
from limavm.yq.evaluation import evaluate

__all__ = ["CLOSED", "ExpressionError", "World", "evaluate"]
