"""Running a pattern: a program of a few kinds of instructions, and all its threads side by side."""

import functools
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any, assert_never

from limavm.yq.regex.errors import PatternError
from limavm.yq.regex.syntax import Assertion, Chars, Choice, Group, Parser, Repeat, Sequence, Tree

_MAX_PROGRAM = 5_000
#: So many threads go on until the caller is told of the work.
_PORTION = 1_000

#: Begin and end of the whole, then of each group; -1 for a group that took no part.
Match = tuple[int, ...]


class _Op(IntEnum):
    """What an instruction does, and in brackets what its second and third element are for that."""

    #: Take a character: [a Charset, 0].
    CHARS = 0
    #: Go on at two places of the program: [the preferred one, the other one].
    SPLIT = 1
    #: Remember the position in the text: [the slot of the Match, 0].
    SAVE = 2
    #: Go on if the position is such a place: [the kind of an Assertion, 0].
    ASSERT = 3
    #: Go on elsewhere: [None, the place].
    JUMP = 4
    #: The end of the pattern: [None, 0].
    MATCH = 5


Instruction = tuple[_Op, Any, int]


class Regex:
    """A pattern that can be searched for again and again."""

    def __init__(self, program: list[Instruction], names: list[str], literal: str) -> None:
        self._program = program
        #: The names of the groups from the first on, empty for those without.
        self.names = names
        #: The whole pattern, when it is a plain text.
        self._literal = literal

    def search(self, text: str, start: int, spend: Callable[[int], None]) -> Match | None:
        """The first match at or after `start`; `spend` is told of the work and may raise."""
        if self._literal:
            found = text.find(self._literal, start)
            return None if found < 0 else (found, found + len(self._literal))
        return _Run(self._program, 2 * len(self.names) + 2, text, spend).search(start)

    def all(self, text: str, spend: Callable[[int], None]) -> Iterator[Match]:
        """All matches that do not overlap; no empty one right behind another (as in Go)."""
        position, ended = 0, -1
        while position <= len(text):
            found = self.search(text, position, spend)
            if found is None:
                return
            if found[1] == position:
                accepted = found[0] != ended
                position += 1
            else:
                accepted, position = True, found[1]
            ended = found[1]
            if accepted:
                yield found

    def replace(self, text: str, template: str, spend: Callable[[int], None]) -> str:
        """All matches replaced by the template, in which `$1`, `${name}` and `$$` stand for something."""
        parts: list[str] = []
        kept, position = 0, 0
        while position <= len(text):
            found = self.search(text, position, spend)
            if found is None:
                break
            parts.append(text[kept : found[0]])
            if found[1] > kept or found[0] == 0:
                parts.append(self._expanded(template, text, found))
                spend(1 + len(parts[-1]) // 16)
            kept = found[1]
            position = max(position + 1, found[1])
        parts.append(text[kept:])
        return "".join(parts)

    def _expanded(self, template: str, text: str, found: Match) -> str:
        if "$" not in template:
            return template
        parts: list[str] = []
        at = 0
        while (sign := template.find("$", at)) >= 0:
            parts.append(template[at:sign])
            if template.startswith("$", sign + 1):
                parts.append("$")
                at = sign + 2
                continue
            braced = template.startswith("{", sign + 1)
            begin = end = sign + 1 + braced
            while end < len(template) and (template[end].isalnum() or template[end] == "_"):
                end += 1
            if end == begin or (braced and not template.startswith("}", end)):
                parts.append("$")
                at = sign + 1
                continue
            parts.append(self._group(template[begin:end], text, found))
            at = end + braced
        return "".join([*parts, template[at:]])

    def _group(self, name: str, text: str, found: Match) -> str:
        if name.isascii() and name.isdigit():
            index = int(name) if len(name) < 9 else len(found)
        else:
            index = self.names.index(name) + 1 if name in self.names else len(found)
        return (
            text[found[2 * index] : found[2 * index + 1]]
            if 2 * index + 1 < len(found) and found[2 * index] >= 0
            else ""
        )


@functools.lru_cache(maxsize=64)
def compile_pattern(pattern: str) -> Regex:
    """The pattern ready for use; raises PatternError."""
    parser = Parser(pattern)
    tree = parser.parse()
    compiler = _Compiler()
    compiler.add(Group(tree, 0))
    compiler.program.append((_Op.MATCH, None, 0))
    return Regex(compiler.program, parser.names, _literal(tree))


def _literal(tree: Tree) -> str:
    """The text that the pattern is, if it is nothing but a text."""
    parts = tree.parts if isinstance(tree, Sequence) else (tree,)
    chars = [part.literal for part in parts if isinstance(part, Chars)]
    return "".join(chars) if len(chars) == len(parts) and all(chars) else ""


class _Compiler:
    def __init__(self) -> None:
        self.program: list[Instruction] = []
        self._added = 0

    def add(self, tree: Tree) -> None:
        # Counted apart from the instructions: repetitions of nothing make none.
        self._added += 1
        if max(len(self.program), self._added) > _MAX_PROGRAM:
            raise PatternError("the pattern is too big")
        match tree:
            case Chars():
                self.program.append((_Op.CHARS, tree.charset, 0))
            case Assertion():
                self.program.append((_Op.ASSERT, tree.kind, 0))
            case Sequence():
                for part in tree.parts:
                    self.add(part)
            case Group():
                self.program.append((_Op.SAVE, 2 * tree.index, 0))
                self.add(tree.tree)
                self.program.append((_Op.SAVE, 2 * tree.index + 1, 0))
            case Choice():
                self._choice(tree.options)
            case Repeat():
                self._repeat(tree)
            case _:
                assert_never(tree)

    def _choice(self, options: tuple[Tree, ...]) -> None:
        ends: list[int] = []
        for option in options[:-1]:
            split = self._hole()
            self.add(option)
            ends.append(self._hole())
            self.program[split] = (_Op.SPLIT, split + 1, len(self.program))
        self.add(options[-1])
        for end in ends:
            self.program[end] = (_Op.JUMP, None, len(self.program))

    def _repeat(self, tree: Repeat) -> None:
        if tree.most is None:
            self._endless(tree)
            return
        for _ in range(tree.least):
            self.add(tree.tree)
        splits: list[int] = []
        for _ in range(tree.most - tree.least):
            splits.append(self._hole())
            self.add(tree.tree)
        for split in splits:
            self._split(split, split + 1, len(self.program), tree.greedy)

    def _endless(self, tree: Repeat) -> None:
        # `x*` is `(x+)?`, so that a round which takes nothing ends the loop there, as it does when one goes back.
        skip = self._hole() if tree.least == 0 else None
        for _ in range(tree.least - 1):
            self.add(tree.tree)
        begin = len(self.program)
        self.add(tree.tree)
        again = self._hole()
        self._split(again, begin, len(self.program), tree.greedy)
        if skip is not None:
            self._split(skip, skip + 1, len(self.program), tree.greedy)

    def _split(self, at: int, inside: int, behind: int, greedy: bool) -> None:
        self.program[at] = (_Op.SPLIT, *((inside, behind) if greedy else (behind, inside)))

    def _hole(self) -> int:
        """The place of an instruction that is filled in when its targets are known."""
        self.program.append((_Op.JUMP, None, 0))
        return len(self.program) - 1


_Threads = list[tuple[int, Match]]


class _Run:
    """One search. A thread is a place in the program and what its groups have taken so far.

    Threads stand in order of preference. Two at the same place would find the same from there on, so that only the
    first of them lives: there are never more threads than instructions, and the text is gone through once.
    """

    def __init__(self, program: list[Instruction], slots: int, text: str, spend: Callable[[int], None]) -> None:
        self._program = program
        self._none: Match = (-1,) * slots
        self._text = text
        self._spend = spend
        #: For each place of the program, the position in the text at which a thread came by last.
        self._seen = [-1] * len(program)
        self._work = 0

    def search(self, start: int) -> Match | None:
        matched: Match | None = None
        threads: _Threads = []
        for position in range(start, len(self._text) + 1):
            if matched is None:
                # Whoever began earlier is preferred, so that a new thread comes last.
                self._follow(threads, 0, position, self._none)
            if not threads:
                if matched is not None:
                    break
                continue
            char = self._text[position] if position < len(self._text) else ""
            following: _Threads = []
            for place, taken in threads:
                op, operand, _ = self._program[place]
                if op is _Op.MATCH:
                    # Those behind it are less preferred, and are given up.
                    matched = taken
                    break
                if char and char in operand:
                    self._follow(following, place + 1, position + 1, taken)
            threads = following
        self._spend(self._work)
        return matched

    def _follow(self, threads: _Threads, place: int, position: int, taken: Match) -> None:
        """Add what can be reached from a place without reading a character, in order of preference."""
        waiting = [(place, taken)]
        while waiting:
            place, taken = waiting.pop()
            if self._seen[place] == position:
                continue
            self._seen[place] = position
            self._count()
            op, operand, other = self._program[place]
            if op is _Op.JUMP:
                waiting.append((other, taken))
            elif op is _Op.SPLIT:
                waiting += [(other, taken), (operand, taken)]
            elif op is _Op.SAVE:
                waiting.append((place + 1, (*taken[:operand], position, *taken[operand + 1 :])))
            elif op is _Op.ASSERT:
                if self._holds(operand, position):
                    waiting.append((place + 1, taken))
            else:
                threads.append((place, taken))

    def _count(self) -> None:
        self._work += 1
        if self._work >= _PORTION:
            self._spend(self._work)
            self._work = 0

    def _holds(self, kind: str, position: int) -> bool:
        text = self._text
        match kind:
            case "text begin":
                return position == 0
            case "text end":
                return position == len(text)
            case "line begin":
                return position == 0 or text[position - 1] == "\n"
            case "line end":
                return position == len(text) or text[position] == "\n"
            case _:
                return self._at_word_edge(position) == (kind == "word edge")

    def _at_word_edge(self, position: int) -> bool:
        text = self._text
        before = position > 0 and _is_word(text[position - 1])
        after = position < len(text) and _is_word(text[position])
        return before != after


def _is_word(char: str) -> bool:
    return char == "_" or (char.isascii() and char.isalnum())
