"""`limactl yq`, and limactl under a name that begins with `yq` (spec/cli.md 1.14).

A command line of its own: other flags, other errors (`Error: ...`), no log lines. It is recognised before the
command tree of limactl is built, and loads no more than it needs.
"""

import sys
from collections.abc import Callable, Iterator, Sequence

from limavm.cli.yqflags import Words, help_text, parse
from limavm.cli.yqprint import Printer, Splitter
from limavm.cli.yqrequest import Request, bytes_of, request
from limavm.errors import FAILURE, UserError
from limavm.roundtrip.nodes import Document, Kind, Node
from limavm.yq.context import Candidate, Context, Origin, World
from limavm.yq.evaluation import evaluator_for
from limavm.yq.formats import decode_as

#: The version of yq whose command line and language this is.
COMPATIBLE_WITH = "v4.53.2"


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
    asked = request(words)
    if not asked.files and not asked.null_input:
        print(help_text("limactl yq"))
        return 0
    return _evaluate(asked)


def _evaluate(asked: Request) -> int:
    parts: list[str] = []
    write: Callable[[str], object] = parts.append if asked.in_place else sys.stdout.write
    printer: Printer | Splitter = Printer(asked.look, write)
    if asked.split:
        printer = Splitter(asked.look, lambda result, index: _name(asked, result, index))
    if asked.null_input:
        printer.add(_evaluated(asked, [_nothing()]))
        appendix = ""
    else:
        appendix = _evaluate_files(asked, printer)
    write(appendix)
    if asked.exit_status and not printer.found:
        raise UserError("no matches found")
    if asked.in_place:
        _replace(asked.files[0], "".join(parts))
    return 0


def _evaluated(asked: Request, candidates: list[Candidate]) -> list[Candidate]:
    """The results of the expression on candidates; each call has bounds of its own."""
    return _results(asked.expression, Context(candidates=candidates), asked.world)


def _results(expression: str, context: Context, world: World) -> list[Candidate]:
    return evaluator_for(world).run(expression, context)


def _name(asked: Request, result: Candidate, index: int) -> str:
    """What the expression of `-s` calls the file of a result."""
    counter = Candidate(node=Node(kind=Kind.SCALAR, value=str(index)))
    names = _results(asked.split, Context(candidates=[result], variables={"index": [counter]}), asked.world)
    if not names or not names[0].node.resolved.value:
        raise UserError(f"the expression of -s gives no name for result {index}")
    return names[0].node.resolved.value


def _evaluate_files(asked: Request, printer: Printer | Splitter) -> str:
    """Evaluate on all files; returns the text behind the front matter."""
    appendix = ""
    everything: list[Candidate] = []
    count = 0
    for file_index, path in enumerate(asked.files):
        data = bytes_of(path)
        if asked.front_matter and file_index == 0:
            data, rest = _front_matter(data)
            appendix = rest.decode("utf-8", "surrogateescape") if asked.front_matter == "process" else ""
        for candidate in _candidates(asked, data, path, file_index):
            count += 1
            if asked.together:
                candidate.together = True
                everything.append(candidate)
            else:
                printer.add(_evaluated(asked, [candidate]))
    if asked.together:
        printer.add(_evaluated(asked, everything or [_nothing()]))
    elif not count:
        printer.add(_evaluated(asked, [_nothing()]))
    return appendix


def _candidates(asked: Request, data: bytes, path: str, file_index: int) -> Iterator[Candidate]:
    for index, document in enumerate(decode_as(data, asked.input_format, path, asked.look.options)):
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


def _replace(path: str, text: str) -> None:
    """Put the text in the place of a file."""
    from limavm.host import textfile

    textfile.write(path, text.encode("utf-8", "surrogateescape"))
