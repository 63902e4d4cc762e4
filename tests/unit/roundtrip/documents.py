"""Random YAML texts, with comments wherever YAML allows them."""

import random

import yaml

SCALARS = (
    *("1", "x", "a b", "'q'", "'it''s'", '"d\\n"', "~", "null", "true", "yes", '"on"', "3.5", "1:20", "0x1F", "=", "<"),
    *(
        "!!str 1",
        '!!int "3"',
        "! x",
        "!!str",
        "&anchor v",
        "&empty",
        "!local y",
        "!!float 2",
        "2001-12-14",
        "ü\U0001f600",
    ),
    *(
        "http://host:80/p?q=1#f",
        "a:b",
        "-x",
        "?x",
        '""',
        "''",
        '"\\u2028\\e"',
        "a, b",
        '"two\n\n     lines"',
        "[]",
        "{ }",
    ),
)
TEXTS = (
    "text\n",
    "  led\ntext\n",
    "one\n\ntwo",
    "keep\n\n\n",
    "\nfirst blank\n",
    "a # no comment\n",
    "trailing \n",
    "\ttab\n",
)


class Writing:
    """One random text."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.count = 0

    def chance(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def scalar(self, column: int) -> str:
        """What stands behind a key or a dash, with the lines that follow it."""
        if self.count and self.chance(5):
            return self.rng.choice(("*anchor", "*n", f"*k{self.count - 1}"))
        if self.chance(20):
            return self.block_scalar(column)
        if self.chance(20):
            return self.flow(column, 2)
        return self.rng.choice(("", *SCALARS)).replace("\n     ", "\n" + " " * (column + 5))

    def block_scalar(self, column: int) -> str:
        text = self.rng.choice(TEXTS)
        step = self.rng.choice((1, 2, 4))
        hint = str(step) if text[0] in " \t\n" or self.chance(10) else ""
        header = self.rng.choice("|>") + hint + self.rng.choice(("", "-", "+"))
        lines = [" " * (column + step) + line if line else "" for line in text.split("\n")]
        return header + "\n" + "\n".join(lines).rstrip(" ").removesuffix("\n" if self.chance(50) else "\0")

    def flow(self, column: int, depth: int) -> str:
        """A flow collection, on one line or several."""
        gap = self.rng.choice((" ", " ", "\n" + " " * (column + 1 + self.rng.randrange(3))))
        end = gap if "\n" in gap else ""
        if self.chance(50):
            items = [self.flow_value(column, depth) for _ in range(self.rng.randrange(4))]
            return "[" + end + ("," + gap).join(items) + end + "]"
        pairs = [f"{self.key()}:{gap}{self.flow_value(column, depth)}" for _ in range(self.rng.randrange(3))]
        return "{" + end + ("," + gap).join(pairs) + end + "}"

    def flow_value(self, column: int, depth: int) -> str:
        if depth and self.chance(30):
            return self.flow(column, depth - 1)
        return self.rng.choice(("1", "x", "'q'", '"d"', "a b", "null", "k: v", "&n x"))

    def key(self) -> str:
        self.count += 1
        if self.chance(1):
            return f"long{self.count}" + "g" * 990
        return self.rng.choice(("k{}", "'k{}'", '"k{}"', "k {}", "!!str k{}", "k{} ", "&k{} k{}")).format(
            self.count, self.count
        )

    def blank(self) -> str:
        return "\n" * (self.rng.randrange(3) if self.chance(20) else 0)

    def collection(self, column: int, depth: int) -> str:
        """The lines of a block collection; the first one is not indented."""
        render = self.mapping if self.chance(60) else self.sequence
        return render(column, depth)

    def mapping(self, column: int, depth: int) -> str:
        margin = "\n" + " " * column
        return margin.join(self.blank() * bool(index) + self.pair(column, depth) for index in range(self.size()))

    def size(self) -> int:
        return 1 + self.rng.randrange(3)

    def pair(self, column: int, depth: int) -> str:
        if self.chance(8):
            key = self.rng.choice(
                ("[a, b]", "{a: b}", self.key(), "- a\n" + " " * (column + 2) + "- b", "|\n" + " " * (column + 2) + "t")
            )
            return f"? {key}\n{' ' * column}: {self.value(column, depth)}"
        return f"{self.key()}:{self.value(column, depth, spaced=True)}"

    def value(self, column: int, depth: int, *, spaced: bool = False) -> str:
        space = " " if spaced else ""
        if depth and self.chance(50):
            inside = column + self.rng.choice((1, 2, 2, 4))
            text = self.collection(inside, depth - 1)
            if text.startswith("- ") and self.chance(50):
                inside, text = column, self.sequence(column, depth - 1)
            properties = self.rng.choice(("", "", "", " &p", " !!map" if not text.startswith("-") else " !!seq"))
            return f"{properties}\n{self.blank()}{' ' * inside}{text}"
        if self.chance(8):
            return "\n" + " " * (column + 2) + self.rng.choice(("x", "'q'", "[a, b]"))
        return (space + self.scalar(column)).rstrip(" ")

    def sequence(self, column: int, depth: int) -> str:
        margin = "\n" + " " * column
        return margin.join(self.blank() * bool(index) + self.item(column, depth) for index in range(self.size()))

    def item(self, column: int, depth: int) -> str:
        if depth and self.chance(50):
            pad = self.rng.choice((1, 1, 3))
            inside = column + 1 + pad
            if self.chance(20):
                return f"-{self.rng.choice(('', ' &i'))}\n{' ' * inside}{self.collection(inside, depth - 1)}"
            return f"-{' ' * pad}{self.collection(inside, depth - 1)}"
        return f"- {self.scalar(column)}".rstrip(" ")

    def document(self) -> str:
        if self.chance(10):
            return self.scalar(-1 if self.chance(50) else 0)
        return self.collection(0, 3)

    def text(self) -> str:
        parts = [self.document() for _ in range(1 + (self.rng.randrange(3) if self.chance(20) else 0))]
        starts = ("---\n", "---\n", "---\n", "--- ", "---\n\n", "%YAML 1.1\n---\n")
        marks = [self.rng.choice(starts) if index or self.chance(20) else "" for index in range(len(parts))]
        ends = ["\n...\n" if self.chance(10) else "\n" for _ in parts]
        text = "".join(mark + part + end for mark, part, end in zip(marks, parts, ends, strict=True))
        return text if self.chance(95) else text.replace("\n", "\r\n")


def values(text: str) -> list[str]:
    """What PyYAML reads; as text, since 1 and true are equal, and not a number is not."""
    return [repr(value) for value in yaml.load_all(text, Loader=Tolerant)]


class Tolerant(yaml.CSafeLoader):
    """The safe loader, for tags and keys that it does not know."""


def _unknown(loader: yaml.CSafeLoader, suffix: str, node: yaml.Node) -> object:
    return (suffix, node.value if isinstance(node, yaml.ScalarNode) else repr(node))


def _mapping(loader: yaml.CSafeLoader, node: yaml.MappingNode) -> object:
    loader.flatten_mapping(node)
    return [(loader.construct_object(k, deep=True), loader.construct_object(v, deep=True)) for k, v in node.value]


def _text(loader: yaml.CSafeLoader, node: yaml.ScalarNode) -> object:
    return node.value


Tolerant.add_multi_constructor("!", _unknown)
Tolerant.add_constructor("tag:yaml.org,2002:map", _mapping)
Tolerant.add_constructor("tag:yaml.org,2002:value", _text)


def valid_text(rng: random.Random) -> str:
    """A text that PyYAML understands."""
    while True:
        text = Writing(rng).text()
        try:
            values(text)
        except (yaml.YAMLError, ValueError):
            continue
        return text


def commented(rng: random.Random, text: str, attempts: int) -> tuple[str, list[str]]:
    """The text with comments that change no value, and these comments."""
    meaning = values(text)
    found: list[str] = []
    for number in range(attempts):
        comment = f"# c{number}."
        changed = insert(rng, text, comment)
        try:
            same = values(changed) == meaning
        except (yaml.YAMLError, ValueError):
            same = False
        if same and comment in changed:
            text = changed
            found.append(comment)
    return text, found


def insert(rng: random.Random, text: str, comment: str) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    index = rng.randrange(len(lines))
    match rng.randrange(5):
        case 0 | 1:
            blank = rng.choice(("", "", "", "\n"))
            lines[index:index] = [*blank.split("\n")[1:], " " * rng.randrange(7) + comment, *blank.split("\n")[1:]]
        case 2 | 3:
            lines[index] += rng.choice((" ", "   ")) + comment
        case _:
            places = [i for i, character in enumerate(lines[index]) if character in ",[{-?:"]
            if places:
                place = rng.choice(places) + 1
                lines[index : index + 1] = [
                    lines[index][:place] + " " + comment,
                    " " * rng.randrange(9) + lines[index][place:].lstrip(),
                ]
    return "\n".join(lines) if rng.randrange(10) else "\n".join(lines).rstrip("\n")
