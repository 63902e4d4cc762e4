"""Rounds of operations on files, drawn at random: pure."""

from random import Random

from limavm.instance.verify.peer import Operation
from limavm.model.value import Value

#: Sizes at which blocks, pages and packets of SFTP begin and end; the largest takes several packets.
_SIZES = (0, 1, 4095, 4096, 4097, 32768, 65537, 262145, 1_000_003)
#: Names that are hard to carry: blanks, line breaks, other scripts, quotes, options, patterns, the longest.
_NAMES = (
    "plain",
    "with blanks ",
    "two\nlines",
    "größe-日本語",
    "-dash",
    "100%,comma;*?[x]",
    "quo'te\"\\",
    "x" * 255,
)
_FILES = 5
_CHANGES = 10
_MODES = (0o644, 0o600, 0o755, 0o640, 0o444)
#: Times between 2001 and 2038.
_TIMES = (10**9, 2**31 - 1)


class Round(Value, frozen=True, kw_only=True):
    """Operations below a new directory, and the bytes that they write."""

    directory: str
    operations: list[Operation]
    written: int


def round_of(number: int, random: Random, *, links: bool = True) -> Round:
    """The operations of one round; `links`: whether the mount shows symbolic links as such."""
    return _Drawing(f"round-{number}", random, links=links).drawn()


class _Drawing:
    """One round while it is drawn."""

    def __init__(self, directory: str, random: Random, *, links: bool) -> None:
        self._directory = directory
        self._random = random
        self._links = links
        self._operations: list[Operation] = [["mkdir", directory], ["chmod", directory, 0o755]]
        self._files: list[str] = []
        self._names = [f"{directory}/{name}" for name in random.sample(_NAMES, k=len(_NAMES))]
        self._written = 0

    def drawn(self) -> Round:
        """The operations: files come into being, change, and get times and permissions in the end."""
        for name in self._names[:_FILES]:
            self._written_as("write", name, size=self._random.choice(_SIZES))
            self._files.append(name)
        self._free = self._names[_FILES:]
        for _ in range(_CHANGES):
            self._random.choice(
                (self._patch, self._append, self._truncate, self._rename, self._replace, self._again, self._unlink)
            )()
        if self._links:
            self._operations.append(["symlink", "nowhere/at all", f"{self._directory}/link"])
        self._operations.append(["mkdir", f"{self._directory}/below"])
        self._operations.append(["chmod", f"{self._directory}/below", 0o700])
        for name in self._files:
            self._operations.append(["utime", name, self._random.randint(*_TIMES)])
            self._operations.append(["chmod", name, self._random.choice(_MODES)])
        return Round(directory=self._directory, operations=self._operations, written=self._written)

    def _written_as(self, what: str, name: str, *place: int, size: int) -> None:
        self._operations.append([what, name, *place, self._random.getrandbits(32), size])
        self._written += size

    def _file(self) -> str:
        return self._random.choice(self._files)

    def _patch(self) -> None:
        self._written_as("patch", self._file(), self._random.choice(_SIZES), size=self._random.choice(_SIZES[:6]))

    def _append(self) -> None:
        self._written_as("append", self._file(), size=self._random.choice(_SIZES[:7]))

    def _truncate(self) -> None:
        self._operations.append(["truncate", self._file(), self._random.choice(_SIZES)])

    def _again(self) -> None:
        self._written_as("write", self._file(), size=self._random.choice(_SIZES))

    def _replace(self) -> None:
        short = [name for name in self._files if not name.endswith("x")]  # there is room for `.new`
        if short:
            self._written_as("replace", self._random.choice(short), size=self._random.choice(_SIZES))

    def _unlink(self) -> None:
        if len(self._files) > 1:  # the others need one
            gone = self._files.pop(self._random.randrange(len(self._files)))
            self._operations.append(["unlink", gone])
            self._free.append(gone)

    def _rename(self) -> None:
        old = self._random.randrange(len(self._files))
        new = self._random.randrange(len(self._free))
        self._operations.append(["rename", self._files[old], self._free[new]])
        self._files[old], self._free[new] = self._free[new], self._files[old]
