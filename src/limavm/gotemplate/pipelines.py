"""The tokens of one action to a pipeline, and the variables that are in scope there."""

import contextlib
from collections.abc import Container, Iterator, Sequence
from typing import Any, NoReturn

from limavm.gotemplate import numbers
from limavm.gotemplate.errors import TemplateError
from limavm.gotemplate.lexer import Token
from limavm.gotemplate.tree import Command, Field, Function, Literal, Pipeline
from limavm.gotemplate.values import joined

_MAX_DEPTH = 100
_CONSTANTS = {"true": True, "false": False, "nil": None}
_KEYWORDS = frozenset(
    ("block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"),
)


class Scope:
    """The variables that a place of a template may use, and the functions."""

    def __init__(self, text: str, functions: Container[str]) -> None:
        self.text = text
        self.functions = functions
        self.variables = ["$"]

    @contextlib.contextmanager
    def block(self) -> Iterator[None]:
        """What is declared inside is forgotten at the end."""
        count = len(self.variables)
        yield
        del self.variables[count:]


class Stream:
    """The tokens of one action, read from left to right."""

    def __init__(self, scope: Scope, tokens: Sequence[Token], position: int) -> None:
        self.scope = scope
        self.tokens = tokens
        self.position = position
        self.index = 0
        self.depth = 0

    def fail(self, message: str, position: int) -> NoReturn:
        """Raise the error for a place of the text."""
        raise TemplateError(message, self.scope.text, position)

    def peek(self) -> Token | None:
        """The next token that is no blank."""
        while self.index < len(self.tokens):
            if self.tokens[self.index].kind != "space":
                return self.tokens[self.index]
            self.index += 1
        return None

    def adjoining(self) -> Token | None:
        """The next token, when no blank stands before it."""
        return self.tokens[self.index] if self.index < len(self.tokens) else None

    def take(self, text: str) -> bool:
        """Go past an operator, if it is next."""
        token = self.peek()
        if token and token.kind == "operator" and token.text == text:
            self.index += 1
            return True
        return False

    def finish(self) -> None:
        """Check that nothing is left."""
        if rest := self.peek():
            self.fail(f"unexpected {rest.text!r}", rest.position)

    def pipeline(self, keyword: str = "") -> Pipeline:
        """The pipeline that begins here; `keyword` is that of its block."""
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.fail(f"parentheses nest deeper than {_MAX_DEPTH}", self.position)
        token = self.peek()
        start = token.position if token else self.position
        names, declares = self.variables(keyword)
        commands = [self.command()]
        while self.take("|"):
            following = self.peek()
            if following is None or following.text == ")":
                break  # Go has nothing against a last `|`
            command = self.command()
            if isinstance(command.operand, Literal) or _is_dot(command.operand):
                self.fail("a value cannot be piped into something that is no function", command.span[0])
            commands.append(command)
        self.depth -= 1
        return Pipeline(tuple(commands), names, declares, (start, commands[-1].span[1]))

    def variables(self, keyword: str) -> tuple[tuple[str, ...], bool]:
        """The `$a :=`, `$a =` or `$i, $e :=` that a pipeline may begin with."""
        start = self.index
        names: list[Token] = []
        while (token := self.peek()) and token.kind == "variable":
            names.append(token)
            self.index += 1
            if self.take(","):
                if keyword != "range" or len(names) > 1:
                    self.fail("only range declares two variables", token.position)
                continue
            if (declares := self.take(":=")) or self.take("="):
                # Go finds out only when it runs that an assigned variable was never declared.
                self.scope.variables += [name.text for name in names]
                return tuple(name.text for name in names), declares
            if len(names) == 1:
                self.index = start
                return (), False
        if names:
            self.fail("range declares its variables with :=", names[-1].position)
        return (), False

    def known(self, token: Token) -> str:
        """The name of a variable that is in scope."""
        if token.text not in self.scope.variables:
            self.fail(f"undefined variable {token.text}", token.position)
        return token.text

    def command(self) -> Command:
        """An operand and its arguments."""
        operands = [self.operand()]
        while (following := self.peek()) and not (following.kind == "operator" and following.text in "|)"):
            before = self.tokens[self.index - 1]
            if before.kind != "space":
                self.fail(f"a blank is missing before {following.text!r}", following.position)
            operands.append(self.operand())
        first, *arguments = operands
        span = (self._start(first), self._start(operands[-1], last=True))
        return Command(first, tuple(arguments), span)

    @staticmethod
    def _start(node: Any, *, last: bool = False) -> int:
        return int(node.span[1 if last else 0])

    def operand(self) -> Any:
        """A constant, a field, a variable, a function or a parenthesised pipeline, with the fields after it."""
        token = self.peek()
        if token is None:
            self.fail("a value is missing", self.position)
        self.index += 1
        span = (token.position, token.end)
        match token.kind:
            case "dot":
                return self.chain(Field(".", (), span), fields=False)
            case "field":
                return self.chain(Field(".", (token.text[1:],), span))
            case "variable":
                return self.chain(Field(self.known(token), (), span))
            case "word" if token.text in _CONSTANTS:
                return self.chain(Literal(_CONSTANTS[token.text], span), fields=False)
            case "word" if token.text not in _KEYWORDS:
                if token.text not in self.scope.functions:
                    self.fail(f"the function {token.text!r} is not known", token.position)
                return self.chain(Function(token.text, span))
            case "operator" if token.text == "(":
                inner = self.pipeline()
                closing = self.peek()
                if not self.take(")"):
                    self.fail("the parenthesis is not closed", token.position)
                assert closing is not None
                return self.chain(Field(inner, (), (token.position, closing.end)))
            case "string" | "char" | "number":
                return self.chain(Literal(self.constant(token), span), fields=False)
            case _:
                return self.fail(f"unexpected {token.text!r}", token.position)

    def chain(self, node: Any, *, fields: bool = True) -> Any:
        """The operand with the fields that follow it directly."""
        names: list[str] = []
        end = node.span[1]
        while (token := self.adjoining()) and token.kind == "field":
            if not fields:
                self.fail(f"unexpected {token.text!r} after a value", token.position)
            names.append(token.text[1:])
            self.index += 1
            end = token.end
        if not names:
            return node
        if isinstance(node, Field):
            return Field(node.base, (*node.names, *names), (node.span[0], end))
        return Field(node, tuple(names), (node.span[0], end))

    def constant(self, token: Token) -> Any:
        """The value of a constant."""
        try:
            match token.kind:
                case "string":
                    return joined(numbers.unquoted(token.text))
                case "char":
                    return numbers.character(token.text)
                case _:
                    return numbers.number(token.text)
        except ValueError as error:
            raise TemplateError(str(error), self.scope.text, token.position) from error


def _is_dot(node: Any) -> bool:
    return isinstance(node, Field) and node.base == "." and not node.names
