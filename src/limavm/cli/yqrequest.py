"""What a command line of `limactl yq` asks for: which expression, on which files, printed how."""

import os
import stat
import sys
import time
from collections.abc import Sequence

import msgspec

from limavm.cli.yqflags import Words
from limavm.cli.yqprint import Look
from limavm.errors import UserError
from limavm.yq.context import World
from limavm.yq.formats import INPUT, OUTPUT, Options, name_for
from limavm.yq.formats.source import MAX_BYTES

_AUTOMATIC = ("", "auto", "a")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done, and how the result looks."""

    expression: str
    files: list[str]
    together: bool
    null_input: bool
    in_place: bool
    input_format: str
    look: Look
    world: World
    split: str
    front_matter: str
    exit_status: bool


def request(words: Words) -> Request:
    """What the words of a command line ask for; raises UserError when they contradict each other."""
    values, switches = words.values, words.switches
    null_input = switches.get("null-input", False)
    expression, files = _arguments(words, null_input)
    split = _text_of(values["split-exp-file"]) if values.get("split-exp-file") else values.get("split-exp", "")
    in_place = switches.get("inplace", False)
    front_matter = values.get("front-matter", "")
    if in_place and (not files or files[0] == "-"):
        raise UserError("-i needs the name of a file to write to")
    if in_place and split:
        raise UserError("-i and -s cannot be used together")
    if null_input and files:
        raise UserError("-n reads no files, and there are some")
    if front_matter and not files:
        raise UserError("-f needs the name of a file")
    if front_matter not in ("", "extract", "process"):
        raise UserError(f"{front_matter!r} is no action for -f", hint="write extract or process")
    input_format, output_format = _formats(words, files)
    return Request(
        expression=expression,
        files=files,
        together=words.command == "eval-all",
        null_input=null_input,
        in_place=in_place,
        input_format=input_format,
        look=_look(words, output_format, in_place or bool(split)),
        world=_world(switches),
        split=split,
        front_matter=front_matter,
        exit_status=switches.get("exit-status", False),
    )


def _arguments(words: Words, null_input: bool) -> tuple[str, list[str]]:
    """The expression and the files: the first word is the expression unless it is the name of a file."""
    files = list(words.positionals)
    expression = words.values.get("expression", "")
    expression_file = words.values.get("from-file", "")
    named = bool(files) and _is_file(files[0])
    if not null_input and len(files) < 2 and not named and "-" not in files and _is_piped():
        files.append("-")
    if not expression_file and named and files[0].endswith(".yq"):
        expression_file = files.pop(0)
    if expression_file:
        expression = _text_of(expression_file).replace("\r\n", "\n")
    if not expression and files and files[0] != "-" and not _is_file(files[0]):
        expression = files.pop(0)
    return expression, files


def _is_file(path: str) -> bool:
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _is_piped() -> bool:
    """Whether standard input is something else than a terminal or /dev/null."""
    try:
        return not stat.S_ISCHR(os.fstat(sys.stdin.fileno()).st_mode)
    except (OSError, ValueError):
        return True


def _formats(words: Words, files: Sequence[str]) -> tuple[str, str]:
    given_input, given_output = words.values.get("input-format", ""), words.values.get("output-format", "")
    if words.switches.get("tojson"):
        print("the flag -j is deprecated: write -o json", file=sys.stderr)
        given_output = "json"
    if given_input not in _AUTOMATIC:
        input_format = name_for(given_input, INPUT)
        output_format = "yaml"
    else:
        extension = os.path.splitext(files[0])[1][1:].lower() if files else ""
        try:
            input_format = output_format = name_for(extension, INPUT) if extension else "yaml"
        except UserError:
            input_format = output_format = "yaml"
    if given_output not in _AUTOMATIC:
        output_format = given_output
    return input_format, name_for(output_format, OUTPUT)


def _look(words: Words, output_format: str, to_file: bool) -> Look:
    values, switches = words.values, words.switches
    options = {
        "csv_separator": _one_char(values.get("csv-separator", ",")),
        "props_separator": values.get("properties-separator", " = "),
        "shell_separator": values.get("shell-key-separator", "_"),
        "xml_attribute_prefix": values.get("xml-attribute-prefix", "+@"),
        "xml_content_name": values.get("xml-content-name", "+content"),
    }
    return Look(
        format=output_format,
        options=Options(
            **options,
            indent=_indent(values.get("indent", "2")),
            unwrap=switches.get("unwrapScalar"),
            auto_parse=switches.get("csv-auto-parse", True) and switches.get("tsv-auto-parse", True),
            props_brackets=switches.get("properties-array-brackets", False),
            compact=switches.get("yaml-compact-seq-indent", False),
        ),
        separators=not switches.get("no-doc", False),
        nul=switches.get("nul-output", False),
        colours=_wants_colours(switches, to_file),
        pretty=switches.get("prettyPrint", False),
        to_file=to_file,
    )


def _wants_colours(switches: dict[str, bool], to_file: bool) -> bool:
    if switches.get("colors"):
        return True
    if to_file or switches.get("no-colors") or os.environ.get("NO_COLOR"):
        return False
    return sys.stdout.isatty()


def _one_char(given: str) -> str:
    char = given
    for escape, meant in (("\\n", "\n"), ("\\t", "\t"), ("\\r", "\r"), ("\\f", "\f"), ("\\v", "\v")):
        char = char.replace(escape, meant)
    if len(char) != 1 or char in '"\r\n':
        raise UserError(f"{given!r} cannot stand between values: it must be one character")
    return char


def _indent(given: str) -> int:
    if not (given.isascii() and given.isdigit() and int(given) <= 80):
        raise UserError(f"{given!r} is no number of blanks for -I", hint="write 0 to 80")
    return int(given)


def _world(switches: dict[str, bool]) -> World:
    return World(
        environ=None if switches.get("security-disable-env-ops") else dict(os.environ),
        load=None if switches.get("security-disable-file-ops") else bytes_of,
        clock=time.time,
    )


def _text_of(path: str) -> str:
    return bytes_of(path).decode("utf-8", "replace")


def bytes_of(path: str) -> bytes:
    """The content of a file, or of standard input; raises UserError."""
    try:
        if path == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"cannot read {path}: {reason}") from error
