"""The two classes of templates in a configuration, and their variables (spec/config.md 4.1, 4.2)."""

import ntpath
import posixpath
import types
from collections.abc import Mapping
from typing import Any

from limavm.gotemplate import Budget, TemplateError, render
from limavm.model.config import File, User
from limavm.model.host import HostFacts
from limavm.model.instance import hostname_of
from limavm.model.value import Value


class Context(Value, frozen=True, kw_only=True):
    """What the loader knows beside the texts.

    `version` is that of the running program, `created_with` the one that made the instance (empty: an old
    one that kept no record). Only the template's own params reach expansion (spec/config.md 2.2, Q7).
    """

    directory: str
    version: str
    created_with: str
    param: dict[str, str] = {}
    containerd_archives: tuple[File, ...] = ()


class Expander:
    """Expands texts for the guest and for the host; a text that fails is kept, and warned of (2.8)."""

    def __init__(self, facts: HostFacts, context: Context) -> None:
        self.facts = facts
        self.context = context
        self.path: types.ModuleType = ntpath if facts.os == "windows" else posixpath
        self.name: str = self.path.basename(context.directory)
        self.warnings: list[str] = []
        #: Of all templates together: a text of 4 MiB has room for many that are costly.
        self.budget = Budget()
        self._guest: dict[str, Any] = {}
        self._host = self._host_data()

    def set_user(self, user: User) -> None:
        """Say who the guest user is, before anything else is expanded for the guest."""
        self._guest = {
            "Name": self.name,
            "Hostname": hostname_of(self.name),
            "UID": user.uid,
            "User": user.name,
            "Home": user.home,
            "Param": self.context.param,
        }

    def guest(self, text: str, key: str) -> str:
        """A text with the variables of the guest; `key` names it in a warning."""
        return self._expand(text, self._guest, key)

    def host(self, text: str, key: str) -> str:
        """A text with the variables of the host."""
        return self._expand(text, self._host, key)

    def host_path(self, text: str, key: str) -> str:
        """A path on the host: expanded, cleaned, its `~` replaced by the home directory."""
        expanded = self.host(text, key)
        if not expanded:
            return expanded
        path = str(self.path.normpath(expanded))
        if path.startswith("//"):  # POSIX lets two slashes be special; Go's filepath.Clean does not
            path = path[1:] if self.facts.os != "windows" else path
        if path == "~" or path.startswith(("~/", "~\\")):
            return self.facts.home + path[1:]
        return path

    def _expand(self, text: str, data: Mapping[str, Any], key: str) -> str:
        try:
            return render(text, data, budget=self.budget)
        except TemplateError as error:
            self.warnings.append(f"{key}: the template is kept as it is: {error}")
            return text

    def _host_data(self) -> dict[str, Any]:
        facts = self.facts
        return {
            "Name": self.name,
            "Instance": self.name,
            "UID": str(facts.uid),
            "User": facts.user_name,
            "Home": facts.home,
            "Dir": self.context.directory,
            "GlobalTempDir": facts.temp_dir if facts.os == "windows" else "/tmp",  # noqa: S108 - Lima's constant
            "TempDir": facts.temp_dir,
            "LimaHome": self.path.dirname(self.context.directory),
            "Param": self.context.param,
        }
