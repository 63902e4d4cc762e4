"""The events of libyaml from PyYAML's own parser: the archive for the guest has this module as `yaml._yaml`.

The one of C is not there. Both give the same events, and the same marks but for those of values that are left out.
"""

from yaml.error import Mark
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

__all__ = ["CParser", "Mark"]


class CParser(Reader, Scanner, Parser):
    """Characters to events."""

    def __init__(self, stream: str) -> None:
        Reader.__init__(self, stream)
        Scanner.__init__(self)
        Parser.__init__(self)
