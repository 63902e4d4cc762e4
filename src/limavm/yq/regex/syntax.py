r"""Reading a pattern: a text in, a tree out (the syntax of Go's regexp/syntax, Perl flavour).

What RE2 refuses is refused: back references, looking ahead and behind, possessive and doubled repetition.
"""

import re

import msgspec

from limavm.yq.regex.charset import PERL, POSIX, Charset, variants
from limavm.yq.regex.errors import PatternError

#: As in RE2: of one repetition, and of groups within groups (there 1000, here what the stack allows).
_MAX_REPEAT = 1000
_MAX_DEPTH = 60
_REPEAT = re.compile(r"\{(\d{1,5})(?:(,)(\d{0,5}))?\}")
_GROUP_NAME = re.compile(r"\(\?P?<([A-Za-z0-9_]+)>")
_FLAGS = re.compile(r"\(\?([imsU]*)(-[imsU]+)?([:)])")
_HEX = re.compile(r"x(?:\{([0-9A-Fa-f]{1,8})\}|([0-9A-Fa-f]{2}))")
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_CATEGORY = re.compile(r"([pP])(?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))")
_POSIX = re.compile(r"\[:(\^?)([a-z]+):\]")
_CONTROLS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_ASSERTIONS = {"A": "text begin", "z": "text end", "b": "word edge", "B": "no word edge"}


class Chars(msgspec.Struct, frozen=True, eq=False):
    """One character out of a set."""

    charset: Charset
    #: The character when there is one only.
    literal: str = ""


class Sequence(msgspec.Struct, frozen=True):
    """One after the other; none is the empty match."""

    parts: "tuple[Tree, ...]"


class Choice(msgspec.Struct, frozen=True):
    """The first that leads to a match."""

    options: "tuple[Tree, ...]"


class Repeat(msgspec.Struct, frozen=True):
    """As often as possible, or as seldom."""

    tree: "Tree"
    least: int
    most: int | None
    greedy: bool


class Group(msgspec.Struct, frozen=True):
    """What is remembered, counted from 1."""

    tree: "Tree"
    index: int


class Assertion(msgspec.Struct, frozen=True):
    """A place in the text."""

    kind: str


Tree = Chars | Sequence | Choice | Repeat | Group | Assertion


class Parser:
    """Reads one pattern; `names` are those of the groups, empty for one without."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._flags: frozenset[str] = frozenset()
        self._depth = 0
        self.names: list[str] = []

    def parse(self) -> Tree:
        """The tree; raises PatternError."""
        tree = self._choice()
        if self._at < len(self._pattern):
            raise PatternError("a closing parenthesis without an opening one")
        return tree

    def _choice(self) -> Tree:
        options = [self._sequence()]
        while self._takes("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Tree:
        parts: list[Tree] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            if self._takes("\\Q"):
                end = self._pattern.find("\\E", self._at)
                end = len(self._pattern) if end < 0 else end
                quoted = [self._literal(char) for char in self._pattern[self._at : end]]
                self._at = min(end + 2, len(self._pattern))
                parts += [*quoted[:-1], *map(self._repeated, quoted[-1:])]
                continue
            atom = self._atom()
            if atom is not None:
                parts.append(self._repeated(atom))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self, atom: Tree) -> Tree:
        begun = self._at
        bounds = self._bounds()
        if bounds is None:
            return atom
        least, most = bounds
        greedy = not self._takes("?")
        if "U" in self._flags:
            greedy = not greedy
        behind = self._at
        if self._bounds() is not None:
            raise PatternError(f"a repetition of a repetition: {self._pattern[begun : self._at]!r}")
        self._at = behind
        return Repeat(atom, least, most, greedy)

    def _bounds(self) -> tuple[int, int | None] | None:
        """How often, when a repetition stands here; it is read."""
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._takes(sign):
                return bounds
        found = _REPEAT.match(self._pattern, self._at)
        if found is None:
            return None
        least = int(found[1])
        most = least if not found[2] else int(found[3]) if found[3] else None
        if max(least, most or 0) > _MAX_REPEAT or (most is not None and most < least):
            raise PatternError(f"a repetition that is not possible: {found[0]}")
        self._at = found.end()
        return least, most

    def _atom(self) -> Tree | None:
        char = self._pattern[self._at]
        if char == "(":
            return self._group()
        if char == "[":
            return Chars(self._bracket())
        if char == "\\":
            return self._escape()
        if char in "*+?":
            raise PatternError(f"nothing to repeat before {char!r}")
        self._at += 1
        if char in "^$":
            edge = "begin" if char == "^" else "end"
            return Assertion(f"line {edge}" if "m" in self._flags else f"text {edge}")
        return self._any() if char == "." else self._literal(char)

    def _any(self) -> Chars:
        charset = Charset()
        charset.negated = True
        if "s" not in self._flags:
            charset.add("\n", "\n")
        return Chars(charset)

    def _literal(self, char: str) -> Chars:
        folded = "i" in self._flags and char.lower() != char.upper()
        charset = Charset(folded=folded)
        # The Kelvin sign is a `k` in another case, and no case of `k` is the Kelvin sign: both ways are looked at.
        for one in variants(char) if folded else (char,):
            charset.add(one, one)
        return Chars(charset, "" if folded else char)

    def _group(self) -> Tree | None:
        if named := _GROUP_NAME.match(self._pattern, self._at):
            if named[1] in self.names:
                raise PatternError(f"two groups have the name {named[1]!r}")
            self._at = named.end()
            return self._captured(named[1])
        if flags := _FLAGS.match(self._pattern, self._at):
            outer = self._flags
            self._at = flags.end()
            self._flags = (outer | set(flags[1])) - set(flags[2] or "")
            if flags[3] == ")":
                return None
            tree = self._inner()
            self._flags = outer
            return tree
        if self._pattern.startswith("(?", self._at):
            raise PatternError(
                f"groups that begin with {self._pattern[self._at : self._at + 4]!r} are not known to RE2"
            )
        self._at += 1
        return self._captured("")

    def _captured(self, name: str) -> Tree:
        self.names.append(name)
        index = len(self.names)
        outer = self._flags
        tree = self._inner()
        self._flags = outer
        return Group(tree, index)

    def _inner(self) -> Tree:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise PatternError(f"groups are nested more than {_MAX_DEPTH} deep")
        tree = self._choice()
        self._depth -= 1
        if not self._takes(")"):
            raise PatternError("an opening parenthesis without a closing one")
        return tree

    def _escape(self) -> Tree:
        letter = self._pattern[self._at + 1 : self._at + 2]
        if letter in _ASSERTIONS and letter:
            self._at += 2
            return Assertion(_ASSERTIONS[letter])
        charset = Charset(folded="i" in self._flags)
        if self._class(charset):
            return Chars(charset)
        return self._literal(self._escaped_char())

    def _class(self, charset: Charset) -> bool:
        r"""Read `\d`, `\pL` and the like into a set, if such stands here."""
        letter = self._pattern[self._at + 1 : self._at + 2]
        if letter.lower() in PERL and letter:
            charset.add_ranges(PERL[letter.lower()], negated=letter.isupper())
            self._at += 2
            return True
        found = _CATEGORY.match(self._pattern, self._at + 1)
        if found is None:
            return False
        charset.add_category(found[3] or found[4], negated=(found[1] == "P") != bool(found[2]))
        self._at = found.end()
        return True

    def _escaped_char(self) -> str:
        behind = self._at + 1
        if found := _HEX.match(self._pattern, behind):
            code = int(found[1] or found[2], 16)
            self._at = found.end()
            if code > 0x10FFFF:
                raise PatternError(f"there is no character \\{found[0]}")
            return chr(code)
        if found := _OCTAL.match(self._pattern, behind):
            self._at = found.end()
            return chr(int(found[0], 8))
        char = self._pattern[behind : behind + 1]
        if char in _CONTROLS and char:
            self._at += 2
            return _CONTROLS[char]
        if not char or char.isalnum() or not char.isascii():
            raise PatternError(f"the escape \\{char} is not known to RE2" if char else "a backslash at the end")
        self._at += 2
        return char

    def _bracket(self) -> Charset:
        begun = self._at
        charset = Charset(folded="i" in self._flags)
        self._at += 1
        charset.negated = self._takes("^")
        first = True
        while first or not self._takes("]"):
            if self._at >= len(self._pattern):
                raise PatternError(f"a bracket has no end: {self._pattern[begun : begun + 40]!r}")
            first = False
            if not self._posix(charset) and not (self._pattern[self._at] == "\\" and self._class(charset)):
                self._range(charset)
        return charset

    def _posix(self, charset: Charset) -> bool:
        found = _POSIX.match(self._pattern, self._at)
        if found is None:
            return False
        if found[2] not in POSIX:
            raise PatternError(f"the class {found[0]} is not known")
        charset.add_ranges(POSIX[found[2]], negated=bool(found[1]))
        self._at = found.end()
        return True

    def _range(self, charset: Charset) -> None:
        low = self._bracket_char()
        high = low
        if self._pattern.startswith("-", self._at) and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
            self._at += 1
            high = self._bracket_char()
        if high < low:
            raise PatternError(f"the range {low}-{high} is empty")
        charset.add(low, high)

    def _bracket_char(self) -> str:
        if self._pattern.startswith("\\", self._at):
            return self._escaped_char()
        self._at += 1
        return self._pattern[self._at - 1 : self._at]

    def _takes(self, sign: str) -> bool:
        if self._pattern.startswith(sign, self._at):
            self._at += len(sign)
            return True
        return False
