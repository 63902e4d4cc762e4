"""What is wrong with a configuration: problems with their place, and the error that carries them all."""

from collections.abc import Sequence

from limavm.errors import UserError
from limavm.model.value import Value

#: The way to a value in a document: names of keys and indexes of list entries.
Path = tuple[str | int, ...]

#: Nobody reads more than this of one text, and it would fill the memory.
MAX_PROBLEMS = 1_000


def dotted(path: Path) -> str:
    """The path as users read it: `images[0].digest`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


class Problem(Value, frozen=True, kw_only=True):
    """One thing that is wrong, with the place where the user can put it right (0: the line is unknown)."""

    message: str
    source: str
    line: int = 0
    key: str = ""

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}" if self.line else self.source
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ConfigError(UserError):
    """A configuration that cannot be used; `problems` holds every reason that was found.

    `warnings` (unknown keys) are shown with them: they often are what is really wrong.
    """

    def __init__(self, problems: Sequence[Problem], *, warnings: Sequence[str] = (), hint: str | None = None) -> None:
        super().__init__("\n".join([*map(str, problems), *warnings]), hint=hint)
        self.problems = tuple(problems)
