"""All operators by their name in the tree. A new topic is a module in `operators` and a line here."""

from limavm.yq.evaluator import Operator
from limavm.yq.operators import basics, dates, encoding, regexes, strings

OPERATORS: dict[str, Operator] = {
    **basics.TABLE,
    **dates.TABLE,
    **encoding.TABLE,
    **regexes.TABLE,
    **strings.TABLE,
}
