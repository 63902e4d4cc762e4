"""Where a value of the resolved configuration was written: which text, and in which line."""

from collections.abc import Mapping, Sequence

from limavm.config.decode import Decoded
from limavm.config.errors import Path, Problem, dotted
from limavm.config.flaw import Flaw
from limavm.config.yamlnodes import holds, length_of, place_of

#: These lists are joined the other way round, see `merge`.
_WEAKEST_FIRST = ("mounts", "networks", "caCerts")
#: Only the template can set these.
_TEMPLATE_ONLY = ("base", "minimumLimaVersion", "message")


class Places:
    """Finds the places of flaws in `documents`: override, template and default, in this order."""

    def __init__(self, documents: Sequence[Decoded], origins: Mapping[str, tuple[int, ...]]) -> None:
        self.documents = documents
        self.template = documents[1]
        self.origins = origins

    def problem(self, flaw: Flaw) -> Problem:
        """The flaw with the file and the line that the user has to change."""
        document, path = self._find(flaw.path)
        source, line = place_of(document.root, path)
        return Problem(message=flaw.message, source=source or document.source, line=line, key=dotted(path))

    def _find(self, path: Path) -> tuple[Decoded, Path]:
        index = next((position for position, part in enumerate(path) if isinstance(part, int)), None)
        if index is not None:
            return self._entry(path[:index], path[index], path[index + 1 :])
        if path[0] not in _TEMPLATE_ONLY:
            for document in self.documents:
                if holds(document.root, path):
                    return document, path
        return self.template, path

    def _entry(self, prefix: Path, entry: str | int, rest: Path) -> tuple[Decoded, Path]:
        """A list entry: which document's, and its number there."""
        assert isinstance(entry, int)
        origins = self.origins.get(dotted(prefix))
        number = origins[entry] if origins is not None else entry
        documents = self.documents if prefix[0] not in _WEAKEST_FIRST else tuple(reversed(self.documents))
        for document in documents:
            length = length_of(document.root, prefix)
            if number < length:
                return document, (*prefix, number, *rest)
            number -= length
        return self.template, (*prefix, entry, *rest)
