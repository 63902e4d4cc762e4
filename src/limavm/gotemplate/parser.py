"""Pieces of a template to a tree: actions, pipelines of commands, and the blocks `if`, `with`, `range`."""

import ast
from collections.abc import Sequence
from typing import Any, NoReturn

from limavm.gotemplate.errors import TemplateError
from limavm.gotemplate.lexer import Piece, Token, pieces
from limavm.gotemplate.tree import Block, Call, Field, Jump, Literal, Nodes, Output, Pipeline, Text

_MAX_DEPTH = 100
_LATER = frozenset({"define", "template", "block"})


def parse(text: str) -> Nodes:
    """The tree of a template. Raises TemplateError with the line and column."""
    return _Parser(text).template()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pieces = list(pieces(text))
        self.index = 0
        self.depth = 0
        self.loops = 0
        self.variables = [{"$"}]

    def template(self) -> Nodes:
        nodes, end = self.nodes()
        if end is not None:
            assert end.tokens is not None
            self.fail(f"unexpected {{{{{_first(end.tokens)}}}}}", end.position)
        return nodes

    def fail(self, message: str, position: int) -> NoReturn:
        raise TemplateError(message, self.text, position)

    def nodes(self) -> tuple[Nodes, Piece | None]:
        """Nodes up to an `end` or `else`, which is returned with them; None at the end of the text."""
        nodes: list[Any] = []
        while self.index < len(self.pieces):
            piece = self.pieces[self.index]
            self.index += 1
            if piece.tokens is None:
                nodes.append(Text(piece.text))
                continue
            match word := _first(piece.tokens):
                case "end" | "else":
                    return tuple(nodes), piece
                case "if" | "with" | "range":
                    nodes.append(self.block(word, piece, _after_word(piece.tokens)))
                case "break" | "continue":
                    nodes.append(self.jump(word, piece))
                case _ if word in _LATER:
                    self.fail(f"{{{{{word}}}}} is not supported", piece.position)
                case _:
                    nodes.append(Output(self.pipeline(piece.tokens, piece.position)))
        return tuple(nodes), None

    def jump(self, word: str, piece: Piece) -> Jump:
        if not self.loops:
            self.fail(f"{{{{{word}}}}} outside of {{{{range}}}}", piece.position)
        return Jump(word)

    def block(self, keyword: str, piece: Piece, tokens: list[Token]) -> Block:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.fail("blocks nest too deeply", piece.position)
        self.variables.append(set())
        pipeline = self.pipeline(tokens, piece.position, keyword)
        self.loops += keyword == "range"
        body, end = self.nodes()
        self.loops -= keyword == "range"
        otherwise: Nodes = ()
        if end is not None and end.tokens is not None and _first(end.tokens) == "else":
            otherwise, end = self.otherwise(keyword, end)
        if end is None:
            self.fail(f"{{{{{keyword}}}}} has no {{{{end}}}}", piece.position)
        self.variables.pop()
        self.depth -= 1
        return Block(keyword, pipeline, body, otherwise)

    def otherwise(self, keyword: str, piece: Piece) -> tuple[Nodes, Piece | None]:
        """What `else` begins; `else if` is a block of its own that shares the `end`."""
        assert piece.tokens is not None
        tokens = _after_word(piece.tokens)
        if not _first(tokens):
            nodes, end = self.nodes()
            if end is not None and end.tokens is not None and _first(end.tokens) == "else":
                self.fail("a second {{else}}", end.position)
            return nodes, end
        word = _first(tokens)
        if word != keyword or keyword == "range":
            self.fail(f"{{{{else {word}}}}} does not continue {{{{{keyword}}}}}", piece.position)
        return (self.block(word, piece, _after_word(tokens)),), piece

    def pipeline(self, tokens: Sequence[Token], position: int, keyword: str = "") -> Pipeline:
        stream = _Stream(self, tokens, position)
        pipeline = stream.pipeline(keyword)
        if rest := stream.peek():
            self.fail(f"unexpected {rest.text!r}", rest.position)
        return pipeline

    def known(self, name: str) -> bool:
        return any(name in scope for scope in self.variables)


def _first(tokens: Sequence[Token]) -> str:
    word = next((token for token in tokens if token.kind != "space"), None)
    return word.text if word and word.kind == "word" else ""


def _after_word(tokens: Sequence[Token]) -> list[Token]:
    index = next(index for index, token in enumerate(tokens) if token.kind == "word")
    return list(tokens[index + 1 :])


class _Stream:
    """The tokens of one action."""

    def __init__(self, parser: _Parser, tokens: Sequence[Token], position: int) -> None:
        self.parser = parser
        self.tokens = tokens
        self.position = position
        self.index = 0
        self.depth = 0

    def peek(self, *, blanks: bool = False) -> Token | None:
        while self.index < len(self.tokens):
            token = self.tokens[self.index]
            if blanks or token.kind != "space":
                return token
            self.index += 1
        return None

    def take(self, text: str) -> bool:
        token = self.peek()
        if token and token.kind == "operator" and token.text == text:
            self.index += 1
            return True
        return False

    def pipeline(self, keyword: str = "") -> Pipeline:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.parser.fail("parentheses nest too deeply", self.position)
        names, declares = self.variables(keyword)
        commands = [self.command()]
        while self.take("|"):
            commands.append(self.command())
        if declares:
            self.parser.variables[-1].update(names)
        self.depth -= 1
        return Pipeline(tuple(commands), names, declares, self.position)

    def variables(self, keyword: str) -> tuple[tuple[str, ...], bool]:
        """The `$a :=`, `$a =` or `$i, $e :=` that a pipeline may begin with."""
        start = self.index
        names: list[str] = []
        while (token := self.peek()) and token.kind == "variable":
            names.append(token.text)
            self.index += 1
            if len(names) == 1 and keyword == "range" and self.take(","):
                continue
            if self.take(":="):
                return tuple(names), True
            if self.take("="):
                self.assigned(names, token)
                return tuple(names), False
            break
        self.index = start
        return (), False

    def assigned(self, names: Sequence[str], token: Token) -> None:
        for name in names:
            if not self.parser.known(name):
                self.parser.fail(f"undefined variable {name}", token.position)

    def command(self) -> Any:
        token = self.peek()
        if token is None:
            self.parser.fail("a value is missing", self.position)
        assert token is not None
        if token.kind == "word" and token.text not in _CONSTANTS:
            self.index += 1
            arguments = []
            while (following := self.peek()) and not (following.kind == "operator" and following.text in "|)"):
                arguments.append(self.operand())
            return Call(token.text, tuple(arguments), token.position)
        operand = self.operand()
        following = self.peek()
        if following and not (following.kind == "operator" and following.text in "|)"):
            self.parser.fail("a value that is no function has no arguments", following.position)
        return operand

    def operand(self) -> Any:
        token = self.peek()
        assert token is not None
        self.index += 1
        match token.kind:
            case "dot":
                return self.chain(".", (), token)
            case "field":
                return self.chain(".", (token.text[1:],), token)
            case "variable":
                if not self.parser.known(token.text):
                    self.parser.fail(f"undefined variable {token.text}", token.position)
                return self.chain(token.text, (), token)
            case "word" if token.text in _CONSTANTS:
                return Literal(_CONSTANTS[token.text])
            case "word":
                return Call(token.text, (), token.position)
            case "operator" if token.text == "(":
                inner = self.pipeline()
                if not self.take(")"):
                    self.parser.fail("a parenthesis is not closed", token.position)
                return self.chain(inner, (), token)
            case "string" | "char" | "number":
                return Literal(self.constant(token))
            case _:
                return self.parser.fail(f"unexpected {token.text!r}", token.position)

    def chain(self, base: str | Pipeline, names: tuple[str, ...], start: Token) -> Field:
        while (token := self.peek(blanks=True)) and token.kind == "field":
            names += (token.text[1:],)
            self.index += 1
        return Field(base, names, start.position)

    def constant(self, token: Token) -> Any:
        if token.text.startswith("`"):
            return token.text[1:-1]
        text = token.text.replace("\n", "\\n") if token.kind != "number" else token.text
        try:
            value = ast.literal_eval(text if token.kind != "number" else _python_number(text))
        except (SyntaxError, ValueError, MemoryError) as error:
            raise TemplateError(f"{token.text[:40]} is no constant", self.parser.text, token.position) from error
        return ord(value) if token.kind == "char" and len(value) == 1 else value


def _python_number(text: str) -> str:
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits.isdigit() and digits[0] == "0":
        return text[: len(text) - len(digits)] + "0o" + digits[1:]
    return text


_CONSTANTS = {"true": True, "false": False, "nil": None}
