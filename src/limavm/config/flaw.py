"""What `validate` finds: a sentence, and the way to the value that it is about."""

from limavm.config.errors import Path
from limavm.model.value import Value


class Flaw(Value, frozen=True, kw_only=True):
    """Something wrong with a resolved configuration; `path` leads to the value."""

    path: Path
    message: str


class Flaws:
    """Collects flaws in the order of the checks."""

    def __init__(self) -> None:
        self.found: list[Flaw] = []

    def add(self, message: str, *path: str | int) -> None:
        """Note a flaw at `path`."""
        self.found.append(Flaw(path=path, message=message))

    def unless(self, fine: bool, message: str, *path: str | int) -> None:
        """Note a flaw at `path` when something is not `fine`."""
        if not fine:
            self.add(message, *path)
