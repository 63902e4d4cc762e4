"""The expression language of yq v4 on round-trip YAML: a text and documents in, documents out.

Nothing of the world is touched: files and the environment are reached by the `World` that a caller hands over.
`lexer` and `parser` make the tree of `tree` from a text with the words of `vocabulary`; `evaluator` runs it with
the operators of `registry`; `evaluation` and `edit` are what others call.
"""

from limavm.yq.context import CLOSED, World
from limavm.yq.errors import ExpressionError
from limavm.yq.evaluation import evaluate

__all__ = ["CLOSED", "ExpressionError", "World", "evaluate"]
