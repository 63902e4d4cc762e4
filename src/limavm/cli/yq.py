"""`limactl yq`, and limactl under a name that begins with `yq` (spec/cli.md 1.14).

A command line of its own: other flags, other errors (`Error: ...`), no log lines. It is recognised before the
command tree of limactl is built, and loads no more than it needs.
"""

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from limavm.cli.yqflags import Words, help_text, parse
from limavm.cli.yqprint import Look, Printer, Splitter
from limavm.errors import FAILURE, UserError
from limavm.roundtrip.nodes import Document, Kind, Node
from limavm.yq.context import Candidate, Context, Origin, World
from limavm.yq.evaluation import evaluator_for
from limavm.yq.formats import INPUT, OUTPUT, Options, decode_as, name_for
from limavm.yq.formats.source import MAX_BYTES

#: The version of yq whose command line and language this is.
COMPATIBLE_WITH = "v4.53.2"
_AUTOMATIC = ("", "auto", "a")


def main(args: Sequence[str]) -> int:
    """Run yq with the words after its name; returns the exit code."""
    try:
        return _run(parse(args))
    except UserError as error:
        message = str(error)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        message = ": ".join(filter(None, (error.filename, error.strerror))) or str(error)
    sys.stdout.flush()
    print(f"Error: {message}", file=sys.stderr)
    return FAILURE


def _run(words: Words) -> int:
    if words.switches.get("help") or words.command == "help":
        print(help_text("limactl yq"))
        return 0
    if words.switches.get("version"):
        from limavm import __version__

        print(f"yq (https://github.com/mikefarah/yq/) version {COMPATIBLE_WITH} (limavm {__version__})")
        return 0
    request = _request(words)
    if not request.files and not request.null_input:
        print(help_text("limactl yq"))
        return 0
    return _evaluate(request)


class _Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done."""

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


def _request(words: Words) -> _Request:
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
    return _Request(
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
        load=None if switches.get("security-disable-file-ops") else _bytes_of,
        clock=time.time,
    )


def _evaluate(request: _Request) -> int:
    parts: list[str] = []
    write: Callable[[str], object] = parts.append if request.in_place else sys.stdout.write
    printer: Printer | Splitter = Printer(request.look, write)
    if request.split:
        printer = Splitter(request.look, lambda result, index: _name(request, result, index))
    if request.null_input:
        printer.add(_evaluated(request, [_nothing()]))
        appendix = ""
    else:
        appendix = _evaluate_files(request, printer)
    write(appendix)
    if request.exit_status and not printer.found:
        raise UserError("no matches found")
    if request.in_place:
        _replace(request.files[0], "".join(parts))
    return 0


def _evaluated(request: _Request, candidates: list[Candidate]) -> list[Candidate]:
    """The results of the expression on candidates; each call has bounds of its own."""
    return _results(request.expression, Context(candidates=candidates), request.world)


def _results(expression: str, context: Context, world: World) -> list[Candidate]:
    return evaluator_for(world).run(expression, context)


def _name(request: _Request, result: Candidate, index: int) -> str:
    """What the expression of `-s` calls the file of a result."""
    counter = Candidate(node=Node(kind=Kind.SCALAR, value=str(index)))
    names = _results(request.split, Context(candidates=[result], variables={"index": [counter]}), request.world)
    if not names or not names[0].node.resolved.value:
        raise UserError(f"the expression of -s gives no name for result {index}")
    return names[0].node.resolved.value


def _evaluate_files(request: _Request, printer: Printer | Splitter) -> str:
    """Evaluate on all files; returns the text behind the front matter."""
    appendix = ""
    everything: list[Candidate] = []
    count = 0
    for file_index, path in enumerate(request.files):
        data = _bytes_of(path)
        if request.front_matter and file_index == 0:
            data, rest = _front_matter(data)
            appendix = rest.decode("utf-8", "surrogateescape") if request.front_matter == "process" else ""
        for candidate in _candidates(request, data, path, file_index):
            count += 1
            if request.together:
                candidate.together = True
                everything.append(candidate)
            else:
                printer.add(_evaluated(request, [candidate]))
    if request.together:
        printer.add(_evaluated(request, everything or [_nothing()]))
    elif not count:
        printer.add(_evaluated(request, [_nothing()]))
    return appendix


def _candidates(request: _Request, data: bytes, path: str, file_index: int) -> Iterator[Candidate]:
    for index, document in enumerate(decode_as(data, request.input_format, path, request.look.options)):
        if document.root is None:
            document.root = Node(kind=Kind.SCALAR)
        origin = Origin(document=document, index=index, file_index=file_index)
        yield Candidate(node=document.root, origin=origin, whole=True)


def _nothing() -> Candidate:
    """What stands for the input when there is none."""
    root = Node(kind=Kind.SCALAR)
    return Candidate(node=root, origin=Origin(document=Document(root=root)))


def _front_matter(data: bytes) -> tuple[bytes, bytes]:
    """The YAML at the top, and from the line `---` that ends it on."""
    at = data.find(b"\n---")
    return (data, b"") if at < 0 else (data[: at + 1], data[at + 1 :])


def _text_of(path: str) -> str:
    return _bytes_of(path).decode("utf-8", "replace")


def _bytes_of(path: str) -> bytes:
    """The content of a file, or of standard input; raises UserError."""
    try:
        if path == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"cannot read {path}: {reason}") from error


def _replace(path: str, text: str) -> None:
    """Put the text in the place of a file, with its mode and owner; a link is followed."""
    from limavm.host import files

    target = os.path.realpath(path)
    before = os.stat(target)
    with files.replacing(target, stat.S_IMODE(before.st_mode)) as partial:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
        if sys.platform != "win32" and os.geteuid() == 0:
            os.chown(partial, before.st_uid, before.st_gid)
