"""A text that is no YAML, or more than we read."""

from limavm.errors import UserError


class YamlError(UserError):
    """What is wrong with a text; `line` counts from 1, 0 when it is unknown."""

    def __init__(self, message: str, *, source: str, line: int = 0, hint: str | None = None) -> None:
        super().__init__(message, where=f"{source}, line {line}" if line else source, hint=hint)
        self.source = source
        self.line = line
