"""What a web server answered, and how it is asked: the border between locators and the network.

The one who really asks is `fetch`, which takes 50 ms to load; whoever reads locators gets it handed in.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from limavm.model.value import Value

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Page(Value, frozen=True, kw_only=True):
    """An answer. Of a body that is larger than a template may be (`yamltext.MAX_BYTES`), the rest is missing."""

    status: int
    reason: str = ""
    body: bytes = b""

    @property
    def found(self) -> bool:
        """Whether the server has the page, and sent it."""
        return self.status == 200


class Fetch(Protocol):
    """Gets a page by http or https; raises UserError when no answer came. Every status is an answer."""

    def __call__(self, url: str, headers: Mapping[str, str] = NO_HEADERS, /) -> Page:
        """The page at `url`."""
        ...
