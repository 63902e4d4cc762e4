"""From an expression to its tokens: each is a word of the vocabulary, a bracket or the end, with its place.

What a token is depends on the one before it in two places: `-1` behind a value is a difference, and a bare name in
`{...}` may be a key. All else is the business of `parser`.
"""

import re
from enum import StrEnum, auto

import msgspec

from limavm.yq import vocabulary
from limavm.yq.errors import ExpressionError
from limavm.yq.vocabulary import SIGNS, WORDS, Binding, Word

#: Characters of an expression; files are edited with a few hundred.
MAX_LENGTH = 1 << 20

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")
_DOTS = re.compile(r"\.\.\.?")
_PATH = re.compile(r"\.[^ \t\r\n;}{:\[\],|.()=!]+")
_QUOTED_PATH = re.compile(r'\."([^"]*)"(\?)?')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_VARIABLE = re.compile(r"\$([a-zA-Z0-9_-]+)")
_NAME = re.compile(r"@?[a-zA-Z_][a-zA-Z0-9_]*")
_HEX = re.compile(r"0[xX][0-9A-Fa-f]+")
_FLOAT = re.compile(r"-?[0-9]+(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)")
_INT = re.compile(r"-?[0-9]+")
_TIMES = re.compile(r"\*=?[+|?cdn]*")
_ASSIGN = re.compile(r"(\|?)=(?!=)(c*)")
_SIGN = re.compile("|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True)))
_PARAMETERS = {
    vocabulary.NUMBER: re.compile(r"\([ ]*(-?[0-9]+)[ ]*\)"),
    vocabulary.NAME: re.compile(r"\(([^)]+)\)"),
    vocabulary.OPTIONS: re.compile(r"\(((?:ne|nu|ff| |,)+)\)"),
}
_LITERALS = {"true": "!!bool", "false": "!!bool", "null": "!!null"}


class TokenKind(StrEnum):
    """What the parser does with a token."""

    #: A value by itself: a literal, a path, a word without operands.
    OPERAND = auto()
    #: A word before its operand.
    PREFIX = auto()
    #: A word or a sign between its operands.
    INFIX = auto()
    OPEN = auto()
    CLOSE = auto()
    END = auto()


_BY_ARITY = (TokenKind.OPERAND, TokenKind.PREFIX, TokenKind.INFIX)


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the expression. `text` and `flags` become those of its `Expr`; the text of a bracket is itself."""

    kind: TokenKind
    position: int
    text: str = ""
    flags: str = ""
    word: Word = Word(op="")


def tokens(expression: str) -> list[Token]:
    """The tokens of an expression, the end being the last. Raises ExpressionError at what is none."""
    if len(expression) > MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters", "", 0)
    lexer = _Lexer(expression)
    while lexer.position < len(expression):
        lexer.step()
    return [*lexer.found, Token(kind=TokenKind.END, position=len(expression))]


class _Lexer:
    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.position = 0
        self.found: list[Token] = []
        #: The brackets that are open here.
        self.opened: list[str] = []

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What matches here, which is behind us then."""
        match = pattern.match(self.expression, self.position)
        if match:
            self.position = match.end()
        return match

    def add(self, kind: TokenKind, begin: int, *, text: str = "", flags: str = "", word: Word | None = None) -> None:
        self.found.append(
            Token(kind=kind, position=begin, text=text, flags=flags, word=word if word is not None else Word(op=""))
        )

    def error(self, message: str, position: int | None = None, hint: str | None = None) -> ExpressionError:
        at = self.position if position is None else position
        return ExpressionError(message, self.expression, at, hint=hint)

    def step(self) -> None:
        """Go past one token."""
        begin = self.position
        if self.take(_BLANK):
            return
        character = self.expression[begin]
        if character == ".":
            self.path(begin)
        elif character == '"':
            self.string(begin)
        elif character == "$":
            self.variable(begin)
        elif character in "()[]{}":
            self.bracket(begin, character)
        elif character == "~":
            self.position += 1
            self.literal(begin, "~", "!!null")
        elif self.number(begin) or self.name(begin):
            pass
        else:
            self.sign(begin)

    def path(self, begin: int) -> None:
        if match := self.take(_DOTS):
            self.operand(begin, match[0])
        elif self.expression.startswith(".[", begin):
            # `.[x]` is the index x of the input itself.
            self.position += 1
            self.add(TokenKind.OPERAND, begin, word=Word(op=".", postfix=True))
        elif match := self.take(_QUOTED_PATH):
            self.key(begin, match[1], match[2] or "")
        elif match := self.take(_PATH):
            key = match[0][1:]
            optional = key.endswith("?")
            self.key(begin, key.removesuffix("?"), "?" if optional else "")
        else:
            self.position += 1
            self.add(TokenKind.OPERAND, begin, word=Word(op="."))

    def key(self, begin: int, key: str, flags: str) -> None:
        word = Word(op="step", postfix=True)
        self.add(TokenKind.OPERAND, begin, text=key, flags=flags, word=word)

    def operand(self, begin: int, op: str) -> None:
        self.add(TokenKind.OPERAND, begin, word=Word(op=op))

    def literal(self, begin: int, text: str, tag: str) -> None:
        self.add(TokenKind.OPERAND, begin, text=text, flags=tag, word=Word(op="literal"))

    def string(self, begin: int) -> None:
        match = self.take(_STRING)
        if match is None:
            raise self.error("this text has no closing quote", begin)
        self.add(TokenKind.OPERAND, begin, text=match[0][1:-1], word=Word(op="string"))

    def variable(self, begin: int) -> None:
        match = self.take(_VARIABLE)
        if match is None:
            raise self.error("the name of a variable is missing", begin + 1)
        self.add(TokenKind.OPERAND, begin, text=match[1], word=Word(op="$", postfix=True))

    def bracket(self, begin: int, character: str) -> None:
        self.position += 1
        if character in "([{":
            self.opened.append(character)
            self.add(TokenKind.OPEN, begin, text=character)
            return
        if self.opened:
            self.opened.pop()
        optional = character == "]" and self.expression.startswith("?", self.position)
        self.position += optional
        self.add(TokenKind.CLOSE, begin, text=character, flags="?" * optional)

    def number(self, begin: int) -> bool:
        for pattern, tag in ((_HEX, "!!int"), (_FLOAT, "!!float"), (_INT, "!!int")):
            match = self.take(pattern)
            if match is None:
                continue
            if match[0].startswith("-") and self.after_an_operand():
                # `.a -1` is a difference.
                self.position = begin
                return False
            if tag == "!!int" and not -(1 << 63) <= _integer(match[0]) < 1 << 63:
                raise self.error("this number is too large", begin)
            self.literal(begin, match[0], tag)
            return True
        return False

    def after_an_operand(self) -> bool:
        return bool(self.found) and self.found[-1].kind in (TokenKind.OPERAND, TokenKind.CLOSE)

    def name(self, begin: int) -> bool:
        match = self.take(_NAME)
        if match is None:
            return False
        name = match[0]
        if name.lower() in _LITERALS:
            self.literal(begin, name, _LITERALS[name.lower()])
            return True
        if self.is_key() and self.bare_key(begin, name):
            return True
        word = WORDS.get(name)
        if word is None:
            raise self.error(f"there is no operator {name!r}", begin, _similar(name))
        self.word(begin, name, word)
        return True

    def is_key(self) -> bool:
        """Whether a key of `{...}` is due here."""
        if self.opened[-1:] != ["{"]:
            return False
        before = self.found[-1]
        return before.kind is TokenKind.OPEN or before.word.op == ","

    def bare_key(self, begin: int, name: str) -> bool:
        """`{a: 1}` is `{"a": 1}`, and `{a}` is `{"a": .a}`."""
        after = self.position
        self.take(_BLANK)
        following = self.expression[self.position : self.position + 1]
        self.position = after
        if following == "" or following not in ":,}":
            return False
        self.add(TokenKind.OPERAND, begin, text=name, word=Word(op="string"))
        if following != ":":
            self.add(TokenKind.INFIX, begin, word=SIGNS[":"])
            self.key(begin, name, "")
        return True

    def word(self, begin: int, name: str, word: Word) -> None:
        text, flags = word.text, word.flags
        if word.parameter:
            match = self.take(_PARAMETERS[word.parameter])
            if match and word.op == "encode":
                # Its text is the format, and what stands in parentheses is the indent.
                flags = match[1]
            elif match:
                text = match[1]
            elif word.parameter == vocabulary.NAME:
                raise self.error(f"{name} needs the name of a variable: {name}(NAME)")
        if word.assign and self.assignment(begin, word):
            return
        if word.op == "comments":
            raise self.error(
                "comments can only be assigned to", begin, "use head_comment, line_comment or foot_comment"
            )
        self.add(_BY_ARITY[word.arity], begin, text=text, flags=flags, word=word)

    def assignment(self, begin: int, word: Word) -> bool:
        """`style = x`, `style |= x`: an infix operator of its own."""
        before = self.position
        self.take(_BLANK)
        match = self.take(_ASSIGN)
        if match is None:
            self.position = before
            return False
        assign = Word(op=word.assign, arity=2, binding=Binding.ASSIGNMENT)
        self.add(TokenKind.INFIX, begin, text=word.text, flags=match[1], word=assign)
        return True

    def sign(self, begin: int) -> None:
        if match := self.take(_ASSIGN):
            self.add(TokenKind.INFIX, begin, flags=match[1] + match[2], word=SIGNS["="])
        elif match := self.take(_TIMES):
            sign = "*=" if match[0].startswith("*=") else "*"
            self.add(TokenKind.INFIX, begin, flags=match[0].removeprefix(sign), word=SIGNS[sign])
        elif match := self.take(_SIGN):
            self.add(TokenKind.INFIX, begin, word=SIGNS[match[0]])
        else:
            raise self.error(f"{self.expression[begin]!r} means nothing here", begin)


def _integer(text: str) -> int:
    # A number of thousands of digits is too large whatever it is, and slow to read.
    if len(text) > 20:
        return 1 << 64
    return int(text, 16 if text[:2].lower() == "0x" else 10)


def _similar(name: str) -> str | None:
    near = sorted(word for word in WORDS if abs(len(word) - len(name)) < 2 and word[:2] == name[:2].lower())
    return f"did you mean {' or '.join(near[:3])}?" if near else None
