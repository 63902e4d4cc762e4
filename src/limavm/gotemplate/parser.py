"""Template text to trees: blocks, definitions and actions. What stands inside an action is read by `pipelines`."""

from collections.abc import Container, Sequence
from typing import Any, NoReturn

from limavm.gotemplate.errors import TemplateError
from limavm.gotemplate.lexer import Piece, Token, pieces
from limavm.gotemplate.numbers import unquoted
from limavm.gotemplate.pipelines import Scope, Stream
from limavm.gotemplate.tree import Block, Include, Jump, Nodes, Output, Pipeline, Text

_MAX_DEPTH = 100
#: The name of the text itself among its templates.
MAIN = ""


def parse(text: str, functions: Container[str]) -> dict[str, Nodes]:
    """The template (`MAIN`) and those it defines, by their names. Raises TemplateError."""
    return _Parser(text, functions).templates()


class _Parser:
    def __init__(self, text: str, functions: Container[str]) -> None:
        self.text = text
        self.pieces = list(pieces(text))
        self.index = 0
        self.depth = 0
        #: How many `range` of this template are open.
        self.loops = 0
        self.scope = Scope(text, functions)
        self.found: dict[str, Nodes] = {}

    def templates(self) -> dict[str, Nodes]:
        nodes, end = self.nodes(top=True)
        if end is not None:
            assert end.tokens is not None
            self.fail(f"{{{{{_first(end.tokens)}}}}} closes nothing", end.position)
        self.add(MAIN, nodes, 0)
        return self.found

    def fail(self, message: str, position: int) -> NoReturn:
        raise TemplateError(message, self.text, position)

    def add(self, name: str, nodes: Nodes, position: int) -> None:
        """Keep a template; one that is empty gives way to another of its name."""
        if _empty(self.found.get(name, ())):
            self.found[name] = nodes
        elif not _empty(nodes):
            self.fail(f"the template {name!r} is defined twice", position)

    def nodes(self, *, top: bool = False) -> tuple[Nodes, Piece | None]:
        """Nodes up to an `end` or `else`, which is returned with them; None at the end of the text."""
        nodes: list[Any] = []
        while self.index < len(self.pieces):
            piece = self.pieces[self.index]
            self.index += 1
            if piece.tokens is None:
                if piece.text:
                    nodes.append(Text(piece.text))
                continue
            word = _first(piece.tokens)
            if word in ("end", "else"):
                return tuple(nodes), piece
            if word == "define":
                if not top:
                    self.fail("{{define}} may not stand inside of another block", piece.position)
                self.define(piece)
            else:
                nodes.append(self.action(word, piece))
        return tuple(nodes), None

    def action(self, word: str, piece: Piece) -> Any:
        assert piece.tokens is not None
        match word:
            case "if" | "with" | "range":
                return self.block(word, piece, _after_word(piece.tokens))
            case "break" | "continue":
                self.alone(word, piece)
                if not self.loops:
                    self.fail(f"{{{{{word}}}}} stands outside of {{{{range}}}}", piece.position)
                return Jump(word)
            case "block":
                return self.named_block(piece)
            case "template":
                name, stream = self.named(word, piece)
                pipeline = stream.pipeline() if stream.peek() else None
                stream.finish()
                return Include(name, pipeline, (piece.position, piece.position + 2))
            case _:
                return Output(self.pipeline(piece.tokens, piece.position))

    def block(self, keyword: str, piece: Piece, tokens: Sequence[Token]) -> Block:
        self.enter(piece)
        with self.scope.block():
            pipeline = self.pipeline(tokens, piece.position, keyword)
            self.loops += keyword == "range"
            body, end = self.nodes()
            self.loops -= keyword == "range"
            otherwise: Nodes = ()
            if end is not None and end.tokens is not None and _first(end.tokens) == "else":
                otherwise, end = self.otherwise(keyword, end)
            self.closed(keyword, piece, end)
        self.depth -= 1
        return Block(keyword, pipeline, body, otherwise)

    def otherwise(self, keyword: str, piece: Piece) -> tuple[Nodes, Piece | None]:
        """What `else` begins; `else if` and `else with` are blocks of their own that share the `end`."""
        assert piece.tokens is not None
        tokens = _after_word(piece.tokens)
        word = _first(tokens)
        if word == keyword and word in ("if", "with"):
            block = self.block(word, piece, _after_word(tokens))
            # The shared `end` was the last piece that the inner block took.
            return (block,), self.pieces[self.index - 1]
        if word in ("if", "with"):
            self.fail(f"{{{{else {word}}}}} does not continue {{{{{keyword}}}}}", piece.position)
        self.alone("else", piece)
        nodes, end = self.nodes()
        if end is not None and end.tokens is not None and _first(end.tokens) == "else":
            self.fail("a second {{else}}", end.position)
        return nodes, end

    def define(self, piece: Piece) -> None:
        name, stream = self.named("define", piece)
        stream.finish()
        self.add(name, self.body("define", piece), piece.position)

    def named_block(self, piece: Piece) -> Include:
        """A template that is defined and used in one place."""
        name, stream = self.named("block", piece)
        pipeline = stream.pipeline()
        stream.finish()
        self.add(name, self.body("block", piece), piece.position)
        return Include(name, pipeline, (piece.position, piece.position + 2))

    def body(self, keyword: str, piece: Piece) -> Nodes:
        """The text of a template of its own: it sees neither the variables nor the loops around it."""
        self.enter(piece)
        loops, scope = self.loops, self.scope
        self.loops, self.scope = 0, Scope(self.text, scope.functions)
        nodes, end = self.nodes()
        if end is not None and end.tokens is not None and _first(end.tokens) == "else":
            self.fail(f"{{{{else}}}} in {{{{{keyword}}}}}", end.position)
        self.closed(keyword, piece, end)
        self.loops, self.scope = loops, scope
        self.depth -= 1
        return nodes

    def enter(self, piece: Piece) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.fail(f"blocks nest deeper than {_MAX_DEPTH}", piece.position)

    def closed(self, keyword: str, piece: Piece, end: Piece | None) -> None:
        """Check that a block has its `end`."""
        if end is None:
            self.fail(f"{{{{{keyword}}}}} has no {{{{end}}}}", piece.position)
        self.alone("end", end)

    def alone(self, word: str, piece: Piece) -> None:
        """Check that nothing follows the word of an action."""
        assert piece.tokens is not None
        if rest := [token for token in _after_word(piece.tokens) if token.kind != "space"]:
            self.fail(f"unexpected {rest[0].text!r} after {word}", rest[0].position)

    def named(self, word: str, piece: Piece) -> tuple[str, Stream]:
        """The name that follows `define`, `block` or `template`, and the tokens after it."""
        assert piece.tokens is not None
        stream = Stream(self.scope, _after_word(piece.tokens), piece.position)
        token = stream.peek()
        if token is None or token.kind != "string":
            self.fail(f"{word} needs the name of a template in quotes", token.position if token else piece.position)
        stream.index += 1
        try:
            return unquoted(token.text), stream
        except ValueError as error:
            raise TemplateError(str(error), self.text, token.position) from error

    def pipeline(self, tokens: Sequence[Token], position: int, keyword: str = "") -> Pipeline:
        stream = Stream(self.scope, tokens, position)
        pipeline = stream.pipeline(keyword)
        stream.finish()
        return pipeline


def _empty(nodes: Nodes) -> bool:
    return all(isinstance(node, Text) and not node.text.strip(" \t\r\n\v\f\x85\xa0") for node in nodes)


def _first(tokens: Sequence[Token]) -> str:
    word = next((token for token in tokens if token.kind != "space"), None)
    return word.text if word and word.kind == "word" else ""


def _after_word(tokens: Sequence[Token]) -> list[Token]:
    index = next(index for index, token in enumerate(tokens) if token.kind == "word")
    return list(tokens[index + 1 :])
