"""All operators by their name in the tree. A new topic is a module in `operators` and a line here."""

from limavm.yq.evaluator import Operator
from limavm.yq.operators import basics

OPERATORS: dict[str, Operator] = {
    **basics.TABLE,
}
