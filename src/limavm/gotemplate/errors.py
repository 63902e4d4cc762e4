"""What goes wrong with a template."""


class TemplateError(ValueError):
    """A template that does not parse, or fails on its data; `position` is the offset in its text."""

    def __init__(self, message: str, text: str, position: int) -> None:
        self.line = text.count("\n", 0, position) + 1
        self.column = position - (text.rfind("\n", 0, position) + 1) + 1
        self.position = position
        super().__init__(f"template:{self.line}:{self.column}: {message}")
