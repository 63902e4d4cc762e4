"""What a run of a template, or of all templates of a configuration, may cost. They are expanded on the host: they may
neither fill its memory nor keep it busy."""

from limavm.gotemplate.errors import TemplateError

_MAX_STEPS = 500_000
#: Characters that are written, given to functions, or returned by them.
_MAX_TEXT = 64 << 20


class Budget:
    """Counts nodes that were walked, and text that was made; raises TemplateError when there is too much."""

    def __init__(self) -> None:
        self.text = ""
        self.position = 0
        self.steps = _MAX_STEPS
        self.characters = _MAX_TEXT

    def of(self, text: str) -> "Budget":
        """What is left of the budget, for this template."""
        self.text = text
        self.position = 0
        return self

    def at(self, position: int) -> None:
        """Note what is being done, for the message."""
        self.position = position

    def step(self) -> None:
        """Count one node."""
        self.steps -= 1
        if self.steps < 0:
            raise TemplateError("the loops of the template take too long", self.text, self.position)

    def spend(self, characters: int) -> None:
        """Count text."""
        self.characters -= characters
        if self.characters < 0:
            raise TemplateError("the template makes too much text", self.text, self.position)
