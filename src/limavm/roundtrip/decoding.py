"""Bytes to the characters that a YAML parser may see, and what libyaml finds wrong put into words."""

from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from limavm.roundtrip.errors import YamlError

#: Lima cuts texts here without a word (spec/config.md 3.1, Q11); we refuse them.
MAX_BYTES = 4 << 20


def decoded(text: bytes, source: str, limit: int = MAX_BYTES) -> str:
    """The characters of a UTF-8 text without its byte order mark; YamlError when it is not one, or too long."""
    if len(text) > limit:
        raise YamlError(f"the text is larger than {limit >> 20} MiB", source=source)
    try:
        characters = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise YamlError("the text is not UTF-8", source=source, line=line) from error
    if "\0" in characters:
        line = characters.count("\n", 0, characters.index("\0")) + 1
        raise YamlError("the text contains a NUL character", source=source, line=line)
    return characters


def unreadable(error: ReaderError, text: bytes, source: str) -> YamlError:
    """For a character that YAML allows nowhere."""
    character = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or "\0")
    message = f"the character U+{character:04X} is not allowed; write it as an escape in double quotes"
    return YamlError(message, source=source, line=text.count(b"\n", 0, error.position) + 1)


def malformed(error: MarkedYAMLError, text: bytes, source: str) -> YamlError:
    """For a text that breaks the grammar."""
    # libyaml counts one line more at the end of a text without a line break there.
    last = text.count(b"\n") + 1
    mark = error.problem_mark or error.context_mark
    message = f"this is not YAML: {error.problem or error.context}"
    if error.context and error.problem:
        message += f" ({error.context})"
    if "character that cannot start any token" in message:
        message += "; tabs cannot indent, and `@`, `%` and backquotes need quotes at the start of a value"
    if "mapping values are not allowed" in message:
        message += "; check the indentation of this line, and put a text that contains `: ` in quotes"
    return YamlError(message, source=source, line=min(mark.line + 1, last) if mark else 0)
