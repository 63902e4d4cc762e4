"""What locators need of the world, bound to this process: standard input, the network, plugins.

The modules that do it are loaded when they are needed: most templates are files.
"""

import sys
from collections.abc import Mapping

from limavm.cli import logs
from limavm.config import locator as locators
from limavm.config import rawhide, redirects
from limavm.config.locator import Template
from limavm.config.page import NO_HEADERS, Page
from limavm.config.yamltext import MAX_BYTES
from limavm.host import plugins


class Reader:
    """Reads templates and whatever they refer to, for one command: nothing is fetched or warned of twice."""

    def __init__(self) -> None:
        self._stdin: bytes | None = None
        self._pages: dict[str, Page] = {}
        self._warned: set[str] = set()

    def __call__(self, locator: str, name: str | None = None) -> Template:
        """The template behind a locator, for an instance called `name` if it has a name already."""
        template = locators.read(locator, stdin=self._input, fetch=self._fetch, plugin=self._plugin, name=name)
        self._warn(template.warnings)
        return template

    def transformed(self, locator: str) -> str:
        """The locator that a custom one leads to."""
        found = redirects.transformed(locator, fetch=self._fetch, plugin=self._plugin)
        self._warn(found.warnings)
        return found.locator

    def _warn(self, warnings: tuple[str, ...]) -> None:
        for warning in warnings:
            if warning not in self._warned:
                self._warned.add(warning)
                logs.warning(warning)

    def _input(self) -> bytes:
        if self._stdin is None:
            self._stdin = sys.stdin.buffer.read(MAX_BYTES + 1)
        return self._stdin

    def _fetch(self, url: str, headers: Mapping[str, str] = NO_HEADERS, /) -> Page:
        if url not in self._pages:
            from limavm.config.fetch import fetch

            self._pages[url] = fetch(url, headers)
        return self._pages[url]

    def _plugin(self, scheme: str, rest: str) -> str | None:
        if program := plugins.find(f"url-{scheme}"):
            from limavm.config.urlplugin import ask

            return ask(program, rest)
        if scheme == rawhide.SCHEME:
            return rawhide.image_list(rest, self._fetch)
        return None
