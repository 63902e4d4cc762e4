"""What is wrong with an expression, shown at the character."""

from limavm.errors import UserError

#: What is shown of a long expression on each side of the character.
_WINDOW = 50


class ExpressionError(UserError):
    """An expression that cannot be parsed, or that cannot be evaluated on these documents.

    `position` counts characters of `expression` from 0; it may be the length, for what is missing at the end.
    """

    def __init__(self, message: str, expression: str, position: int, *, hint: str | None = None) -> None:
        super().__init__(message, where=pointed(expression, position), hint=hint)
        self.expression = expression
        self.position = position


class Trouble(Exception):  # noqa: N818 - it is never shown: the evaluator adds the place and raises ExpressionError
    """What an operator raises; the evaluator knows where in the expression that was."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def pointed(expression: str, position: int) -> str:
    """The line of the expression and, below it, a caret; the text stands behind the `  where: ` of a UserError."""
    begin = expression.rfind("\n", 0, position) + 1
    end = expression.find("\n", begin)
    end = len(expression) if end < 0 else end
    begin, end = max(begin, position - _WINDOW), min(end, position + _WINDOW)
    line = "".join(character if character.isprintable() else " " for character in expression[begin:end])
    return f"{line}\n{' ' * (len('  where: ') + position - begin)}^"
