"""From tokens to the tree: operators by their binding, brackets, and what follows a value directly.

Operators wait on a stack until one that binds less, or a closing bracket, comes by. Nothing calls itself here, so
that no nesting of brackets is too deep for Python; how deep a tree may be is decided when it is evaluated.
"""

import msgspec

from limavm.yq import interpolation
from limavm.yq.errors import ExpressionError
from limavm.yq.lexer import Token, TokenKind, tokens
from limavm.yq.tree import Expr
from limavm.yq.vocabulary import INDEX, NEGATION, STEP, Binding

_CLOSING = {")": "(", "]": "[", "}": "{"}
#: Tokens of one expression.
MAX_TOKENS = 50_000
#: Expressions within texts within expressions.
MAX_TEXTS = 10


def parse(expression: str, *, level: int = 0) -> Expr | None:
    """The tree of an expression, None for an empty one. Raises ExpressionError."""
    found = tokens(expression)
    if len(found) > MAX_TOKENS:
        raise ExpressionError("the expression is too long", expression, found[MAX_TOKENS].position)
    return _Parser(expression, found, level).parsed()


class _Parser:
    def __init__(self, expression: str, found: list[Token], level: int) -> None:
        self.expression = expression
        self.tokens = found
        self.level = level
        self.operands: list[Expr] = []
        #: Operators that wait for their right side, and brackets that wait for their end.
        self.waiting: list[Token] = []
        #: Whether a value has just ended, so that an infix operator may follow.
        self.complete = False

    def error(self, message: str, token: Token) -> ExpressionError:
        return ExpressionError(message, self.expression, token.position)

    def parsed(self) -> Expr | None:
        for index, token in enumerate(self.tokens):
            match token.kind:
                case TokenKind.OPERAND:
                    self.operand(token, self.tokens[index + 1])
                case TokenKind.PREFIX:
                    self.prefix(token, self.tokens[index + 1])
                case TokenKind.INFIX:
                    self.infix(token, self.tokens[index + 1])
                case TokenKind.OPEN:
                    self.open(token)
                case TokenKind.CLOSE:
                    self.close(token, self.tokens[index + 1])
                case TokenKind.END:
                    return self.end(token)
        raise AssertionError("tokens end with TokenKind.END")

    def operand(self, token: Token, following: Token) -> None:
        if self.complete:
            raise self.error("an operator is missing before this", token)
        self.operands.append(self.leaf(token))
        self.complete = True
        if token.word.postfix:
            self.join(following)

    def leaf(self, token: Token) -> Expr:
        if token.word.op != "string":
            return Expr(op=token.word.op, position=token.position, text=token.text, flags=token.flags)
        if self.level >= MAX_TEXTS:
            raise self.error("texts are nested too deeply", token)
        parts = interpolation.split(token.text)
        return Expr(op="string", position=token.position, parts=tuple(self.part(token, part) for part in parts))

    def part(self, token: Token, part: interpolation.Part) -> "str | Expr":
        if not part.is_expression:
            return part.text
        try:
            parsed = parse(part.text, level=self.level + 1)
        except ExpressionError as error:
            raise ExpressionError(error.message, self.expression, token.position, hint=error.hint) from error
        return parsed if parsed is not None else Expr(op=".", position=token.position)

    def prefix(self, token: Token, following: Token) -> None:
        if self.complete:
            raise self.error("an operator is missing before this", token)
        if token.word.optional and following.text != "(":
            self.operands.append(Expr(op=token.word.op, position=token.position, text=token.text))
            self.complete = True
            self.join(following)
            return
        if following.kind not in (TokenKind.OPEN, TokenKind.OPERAND, TokenKind.PREFIX):
            raise ExpressionError(
                f"{token.word.op!r} needs an argument in parentheses", self.expression, following.position
            )
        self.waiting.append(token)

    def infix(self, token: Token, following: Token) -> None:
        if not self.complete:
            self.unary(token, following)
            return
        self.reduce(token.word.binding)
        self.waiting.append(token)
        self.complete = False
        if token.word.op == ":" and following.text == "]" and following.kind is TokenKind.CLOSE:
            # `[1:]` goes to the end.
            self.operands.append(Expr(op="length", position=token.position))
            self.complete = True

    def unary(self, token: Token, following: Token) -> None:
        """A sign without a left side: `-x` is `0 - x`, and `[:2]` begins at 0."""
        zero = Expr(op="literal", position=token.position, text="0", flags="!!int")
        begins = bool(self.waiting) and self.waiting[-1].kind is TokenKind.OPEN and self.waiting[-1].text == "["
        if token.word.op == "-":
            self.operands.append(zero)
            self.waiting.append(msgspec.structs.replace(token, word=NEGATION))
        elif token.word.op == ":" and begins:
            self.operands.append(zero)
            self.complete = True
            self.infix(token, following)
        else:
            raise self.error("a value is missing before this", token)

    def open(self, token: Token) -> None:
        if self.complete:
            raise self.error("an operator is missing before this", token)
        self.waiting.append(token)

    def close(self, token: Token, following: Token) -> None:
        opened = self.innermost()
        if opened is None or opened.text != _CLOSING[token.text]:
            raise self.error(f"{token.text!r} closes nothing that is open here", token)
        empty = not self.complete and self.waiting[-1] is opened
        if empty and token.text == ")":
            raise self.error("there is nothing in these parentheses", token)
        if not self.complete and not empty:
            raise self.error("a value is missing before this", token)
        self.reduce(Binding.LOOSEST)
        self.waiting.pop()
        if token.text != ")":
            self.collect(token, opened, empty=empty)
        self.complete = True
        self.join(following)

    def innermost(self) -> Token | None:
        return next((token for token in reversed(self.waiting) if token.kind is TokenKind.OPEN), None)

    def collect(self, token: Token, opened: Token, *, empty: bool) -> None:
        inner = None if empty else self.operands.pop()
        self.operands.append(Expr(op=opened.text + token.text, position=opened.position, rhs=inner))
        if self.waiting and self.waiting[-1].word is INDEX:
            self.apply(self.waiting.pop(), flags=token.flags)

    def join(self, following: Token) -> None:
        """What stands right behind a value applies to it: `.a.b`, `.a[0]`, `keys[0]`."""
        if following.kind is TokenKind.OPEN and following.text == "[":
            word = INDEX
        elif following.kind is TokenKind.OPERAND and following.word.postfix and following.word.op in ("step", "."):
            word = STEP
        else:
            return
        self.reduce(word.binding)
        self.waiting.append(Token(kind=TokenKind.INFIX, position=following.position, word=word))
        self.complete = False

    def reduce(self, binding: Binding) -> None:
        """Apply the operators that bind tighter."""
        while self.waiting and self.waiting[-1].kind is not TokenKind.OPEN and self.waiting[-1].word.binding > binding:
            self.apply(self.waiting.pop())

    def apply(self, token: Token, flags: str = "") -> None:
        rhs = self.operands.pop()
        lhs = self.operands.pop() if token.kind is TokenKind.INFIX else None
        self.operands.append(
            Expr(
                op=token.word.op,
                position=token.position,
                lhs=lhs,
                rhs=rhs,
                text=token.text,
                flags=flags or token.flags,
            )
        )

    def end(self, token: Token) -> Expr | None:
        if not self.operands and not self.waiting:
            return None
        opened = self.innermost()
        if opened is not None:
            raise self.error(f"{opened.text!r} is never closed", opened)
        if not self.complete:
            raise self.error("the expression ends where a value is missing", token)
        self.reduce(Binding.LOOSEST)
        return self.operands.pop()
