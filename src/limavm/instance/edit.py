"""Gives an instance, or a plain file, another configuration: checked first, then written as a whole.

The instance is held from the reading of its text to the writing of the new one (spec/cli.md 4.5, 6.1). Who
edits the file beside us holds nothing, which is why `save` looks whether it is still what was read.
"""

import contextlib
import os
from collections.abc import Iterator

from limavm import COMPATIBLE_WITH
from limavm.config.errors import ConfigError
from limavm.config.resolve import Resolved, resolve_text
from limavm.config.yamltext import MAX_BYTES
from limavm.errors import UserError
from limavm.host import paths, textfile
from limavm.host.platform import facts
from limavm.images.disk import check_size
from limavm.instance.configuration import configuration
from limavm.instance.messagecheck import check_message
from limavm.instance.resolving import resolve_new
from limavm.model.size import format_size, parse_size
from limavm.model.value import Value
from limavm.store import instances


class Original(Value, frozen=True, kw_only=True):
    """A text as it was when it was opened. `directory` is that of the instance, None for a plain file."""

    path: str
    text: bytes
    directory: str | None = None


@contextlib.contextmanager
def opened(name: str) -> Iterator[Original]:
    """The text of an instance, which is held meanwhile; raises BusyError when another command holds it."""
    with instances.exclusive(name) as directory:
        path = os.path.join(directory, paths.LIMA_YAML)
        yield Original(path=path, text=textfile.read(path, MAX_BYTES), directory=directory)


def opened_file(path: str) -> Original:
    """The text of a plain file; raises NotFoundError, or UserError when it cannot be read."""
    path = os.path.abspath(path)
    return Original(path=path, text=textfile.read(path, MAX_BYTES))


def check(original: Original, text: bytes, *, source: str, may_shrink: bool = False) -> tuple[str, ...]:
    """Raise UserError when `text` cannot replace the original; returns warnings about it.

    `source` names the text in messages. The disk never gets smaller than the file that it is; unless
    `may_shrink` is set, it does not get smaller than it was configured either.
    """
    if original.directory is None:
        return _resolved_file(original.path, text, source).warnings
    config, warnings = resolve_new(text, source=source, directory=original.directory)
    check_message(config, source=source, directory=original.directory)
    size = parse_size(config.disk)
    for disk in (paths.DISK, paths.DIFF_DISK):
        check_size(os.path.join(original.directory, disk), size)
    before = 0 if may_shrink else _configured_size(original.directory)
    if size < before:
        raise UserError(
            f"a disk cannot shrink: it was {format_size(before)}, and would be {format_size(size)}",
            where=f"disk in {source}",
            hint=f"set `disk` to {format_size(before)}, or make a new instance",
        )
    return warnings


def save(original: Original, text: bytes) -> None:
    """Replace the original by `text`; raises UserError when it is not what it was, or cannot be written."""
    if textfile.read(original.path, MAX_BYTES) != original.text:
        raise UserError(
            "the file was changed by somebody else meanwhile, and stays as they left it",
            where=original.path,
            hint="look at both, and edit it again",
        )
    textfile.write(original.path, text)


def _resolved_file(path: str, text: bytes, source: str) -> Resolved:
    directory = os.path.dirname(path)
    try:
        return resolve_text(text, source=source, directory=directory, facts=facts(), version=COMPATIBLE_WITH)
    except ConfigError as error:
        references = [problem for problem in error.problems if problem.key == "base" or problem.key.endswith(".file")]
        if not references:
            raise
        # What a base would bring is missing; to be told so as well helps nobody.
        hint = "`limactl template copy --embed-all` makes a file without references, which can be edited here"
        raise ConfigError(references, hint=hint) from error


def _configured_size(directory: str) -> int:
    """What the disk was to have, 0 when the configuration cannot be read, which an edit may mend."""
    try:
        return parse_size(configuration(directory).disk)
    except UserError:
        return 0
