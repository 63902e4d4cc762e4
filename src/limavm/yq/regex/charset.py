r"""Sets of characters: ranges, `\d`, `[[:alpha:]]`, `\p{L}`."""

import unicodedata

from limavm.yq.regex.errors import PatternError

Range = tuple[str, str]

_DIGITS: tuple[Range, ...] = (("0", "9"),)
_LOWER: tuple[Range, ...] = (("a", "z"),)
_UPPER: tuple[Range, ...] = (("A", "Z"),)
_WORD = (*_DIGITS, *_UPPER, ("_", "_"), *_LOWER)

#: Letters behind a backslash; capitals are their opposites.
PERL: dict[str, tuple[Range, ...]] = {
    "d": _DIGITS,
    "s": (("\t", "\n"), ("\f", "\r"), (" ", " ")),
    "w": _WORD,
}
POSIX: dict[str, tuple[Range, ...]] = {
    "alnum": (*_DIGITS, *_UPPER, *_LOWER),
    "alpha": (*_UPPER, *_LOWER),
    "ascii": (("\0", "\x7f"),),
    "blank": (("\t", "\t"), (" ", " ")),
    "cntrl": (("\0", "\x1f"), ("\x7f", "\x7f")),
    "digit": _DIGITS,
    "graph": (("!", "~"),),
    "lower": _LOWER,
    "print": ((" ", "~"),),
    "punct": (("!", "/"), (":", "@"), ("[", "`"), ("{", "~")),
    "space": (("\t", "\r"), (" ", " ")),
    "upper": _UPPER,
    "word": _WORD,
    "xdigit": (*_DIGITS, ("A", "F"), ("a", "f")),
}
_CATEGORIES = frozenset(
    {
        *("L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps"),
        *("Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Co", "Cs"),
    }
)


class Charset:
    """What one character of a text is tested against; the answers are remembered."""

    def __init__(self, *, folded: bool = False) -> None:
        self.negated = False
        self._folded = folded
        self._ranges: list[Range] = []
        #: Categories and other sets, with whether they are meant the other way round.
        self._categories: list[tuple[str, bool]] = []
        self._negated_ranges: list[tuple[Range, ...]] = []
        self._known: dict[str, bool] = {}

    def add(self, first: str, last: str) -> None:
        """All characters from one to another."""
        self._ranges.append((first, last))

    def add_ranges(self, ranges: tuple[Range, ...], *, negated: bool) -> None:
        """One of the sets of PERL and POSIX, or all that is not in it."""
        if negated:
            self._negated_ranges.append(ranges)
        else:
            self._ranges.extend(ranges)

    def add_category(self, name: str, *, negated: bool) -> None:
        """A general category of Unicode; raises PatternError for scripts, which Python does not know."""
        if name not in _CATEGORIES and name != "Any":
            raise PatternError(f"the class \\p{{{name}}} is not known here: only general categories are")
        self._categories.append((name, negated))

    def __contains__(self, char: str) -> bool:
        found = self._known.get(char)
        if found is None:
            tried = variants(char) if self._folded else (char,)
            found = self._known[char] = any(self._has(one) for one in tried) != self.negated
        return found

    def _has(self, char: str) -> bool:
        if any(first <= char <= last for first, last in self._ranges):
            return True
        for ranges in self._negated_ranges:
            if not any(first <= char <= last for first, last in ranges):
                return True
        category = unicodedata.category(char) if self._categories else ""
        return any((name == "Any" or category.startswith(name)) != negated for name, negated in self._categories)


def variants(char: str) -> set[str]:
    """The character in upper and lower case."""
    found = {char}
    for one in (char.lower(), char.upper(), char.lower().upper(), char.upper().lower(), char.casefold()):
        if len(one) == 1:
            found.add(one)
    return found
