"""A text that is no YAML, or more than we read."""

from collections.abc import Sequence

from limavm.errors import UserError


class YamlError(UserError):
    """What is wrong with a text; `line` counts from 1, 0 when it is unknown.

    `key` is the key that it is about, when it is about one, and `further` are the problems that were found
    beside this one.
    """

    def __init__(
        self,
        message: str,
        *,
        source: str,
        line: int = 0,
        hint: str | None = None,
        key: str = "",
        further: "Sequence[YamlError]" = (),
    ) -> None:
        super().__init__(message, where=f"{source}, line {line}" if line else source, hint=hint)
        self.source = source
        self.line = line
        self.key = key
        self.further = tuple(further)
