"""A template and everything that it is based on as one text (spec/config.md 3).

Not there yet: a template that has no `base` and names no script files is returned as it is, any other
one refused with a sentence, before an instance is made of it.
"""

from limavm.config.decode import Decoded, decode
from limavm.config.errors import ConfigError, Path, Problem, dotted
from limavm.config.locator import Template
from limavm.config.yamlnodes import line_of


def embedded(template: Template) -> bytes:
    """The text that becomes `lima.yaml`. Raises ConfigError, with the line, for what cannot be embedded."""
    decoded = decode(template.text, template.locator)
    if problems := [_problem(decoded, path) for path in _embeddable(decoded)]:
        raise ConfigError(problems, hint="copy what it refers to into the template")
    return template.text


def _embeddable(decoded: Decoded) -> list[Path]:
    layer = decoded.layer
    found: list[Path] = [("base",)] if layer.base else []
    for key, files in (
        ("provision", [item.file for item in layer.provision or ()]),
        ("probes", [item.file for item in layer.probes or ()]),
    ):
        found.extend((key, index, "file") for index, file in enumerate(files) if file and file.url)
    return found


def _problem(decoded: Decoded, path: Path) -> Problem:
    message = "this version of limavm does not embed other files yet"
    return Problem(message=message, source=decoded.source, line=line_of(decoded.root, path), key=dotted(path))
