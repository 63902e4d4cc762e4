"""The tree of an expression, as the parser makes it and operators read it."""

from collections.abc import Iterator

import msgspec


class Expr(msgspec.Struct, frozen=True, kw_only=True):
    """One operator with its operands.

    `op` is its name in the table of `registry`. A word like `select(...)` has its operand in `rhs`, an infix operator
    has `lhs` and `rhs`, and the steps of a path, as in `.a.b`, are a pipe (`|`).

    `text` is the text of a literal, the key of a path, the name of a variable, the format of `to_json`, or a parameter
    that belongs to the word itself, as in `flatten(2)`, `env(HOME)`. `flags` are letters behind an operator (`*+n`,
    `=c`), `?` for an optional traversal, `|` for the update form of an assignment, the tag of a literal, the indent of
    `to_json(0)`.
    """

    op: str
    #: Of its first character in the expression, from 0.
    position: int
    lhs: "Expr | None" = None
    rhs: "Expr | None" = None
    text: str = ""
    flags: str = ""
    #: The texts and expressions of a string with `\(...)` in it.
    parts: "tuple[str | Expr, ...]" = ()

    def arguments(self) -> "Iterator[Expr]":
        """The arguments of a word, in order: `sub("a"; "b")` has two. Parentheses leave no trace in the tree."""
        rest = self.rhs
        while rest is not None and rest.op == ";" and rest.lhs is not None:
            yield rest.lhs
            rest = rest.rhs
        if rest is not None:
            yield rest
