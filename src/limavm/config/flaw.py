"""What `validate` finds: a sentence, and the way to the value that it is about."""

from limavm.config.errors import MAX_PROBLEMS, Path
from limavm.model.value import Value

#: Characters: values are quoted in messages, and may be as long as the text.
_LONGEST = 400


class Flaw(Value, frozen=True, kw_only=True):
    """Something wrong with a resolved configuration; `path` leads to the value."""

    path: Path
    message: str


class Flaws:
    """Collects flaws in the order of the checks, up to `MAX_PROBLEMS` and one that says that there are more."""

    def __init__(self) -> None:
        self.found: list[Flaw] = []

    def add(self, message: str, *path: str | int) -> None:
        """Note a flaw at `path`; a message that is far too long is cut."""
        if len(self.found) == MAX_PROBLEMS:
            message = "here is more that is wrong, which is not listed"
        if len(self.found) <= MAX_PROBLEMS:
            shown = message if len(message) <= _LONGEST else message[:_LONGEST] + "…"
            self.found.append(Flaw(path=path, message=shown))

    def unless(self, fine: bool, message: str, *path: str | int) -> None:
        """Note a flaw at `path` when something is not `fine`."""
        if not fine:
            self.add(message, *path)
