"""The tools as data: what they take, what they give, and how they are described to an agent.

Names and shapes are those of Lima 2.2, since agents have been told of them; the sentences are ours. Pure.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from limavm.errors import UserError

#: Bytes that `read_file` gives at most.
MOST_READ = 32 << 20
#: Bytes that are kept of each output of a command.
MOST_OUTPUT = 8 << 20


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of a tool."""


class Output(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a tool gives."""


_FILE = "Absolute path of the file, the same as on the host"
_ROOT = "Absolute path of the directory to search in, by default the working directory of this server"


class ListDirectory(Input, frozen=True, kw_only=True):
    """What is in a directory."""

    path: Annotated[str, Meta(description="Absolute path of the directory, the same as on the host")]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One name in a directory."""

    name: str
    size: Annotated[int, Meta(description="Bytes")]
    mode: Annotated[int, Meta(description="Type and permissions, as the bits of Go's fs.FileMode")]
    time: Annotated[str, Meta(description="When it was last changed (RFC 3339)")]
    is_dir: bool


class ListDirectoryResult(msgspec.Struct, frozen=True, kw_only=True):
    """The names of a directory, sorted; links are not followed."""

    entries: list[Entry]


class ReadFile(Input, frozen=True, kw_only=True):
    """The file to read."""

    path: Annotated[str, Meta(description=_FILE)]


class ReadFileResult(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a file."""

    content: Annotated[str, Meta(description="The text; bytes that are not UTF-8 appear as U+FFFD")]


class WriteFile(Input, frozen=True, kw_only=True):
    """The file to write, and what into it."""

    path: Annotated[str, Meta(description=_FILE)]
    content: Annotated[str, Meta(description="The whole new content")]


class WriteFileResult(Output, frozen=True, kw_only=True):
    """Nothing: the file is written."""


class Glob(Input, frozen=True, kw_only=True):
    """What to look for, and where."""

    pattern: Annotated[str, Meta(description="A pattern such as *.py, src/*/test_?.c or src/**/*.ts")]
    path: Annotated[str | None, Meta(description=_ROOT)] = None


class GlobResult(msgspec.Struct, frozen=True, kw_only=True):
    """The paths that were found."""

    matches: Annotated[list[str], Meta(description="Absolute paths, sorted")]


class SearchFileContent(Input, frozen=True, kw_only=True):
    """What to look for, and where."""

    pattern: Annotated[str, Meta(description="A basic regular expression, as grep knows it")]
    path: Annotated[str | None, Meta(description=_ROOT)] = None
    include: Annotated[str | None, Meta(description="A pattern of the files to search, such as *.js")] = None


class SearchFileContentResult(msgspec.Struct, frozen=True, kw_only=True):
    """The lines that were found."""

    git_grep_output: Annotated[str, Meta(description="Lines of FILE:NUMBER:TEXT, where FILE is relative to the path")]


class RunShellCommand(Input, frozen=True, kw_only=True):
    """The command, and where it runs."""

    command: Annotated[list[str], Meta(description="The program and its arguments, each a text of its own")]
    directory: Annotated[str, Meta(description="Absolute path of the directory to run it in")]
    description: Annotated[str, Meta(description="What the command is for, in a few words")] = ""


class RunShellCommandResult(Output, frozen=True, kw_only=True):
    """What a command left."""

    stdout: str
    stderr: str
    error: Annotated[str, Meta(description="Why this is not all there was to it")] = ""
    exit_code: int | None = None


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """One tool: its types say what goes in and what comes out."""

    name: str
    description: str
    takes: type[Input]
    gives: type[msgspec.Struct]


TOOLS = (
    Tool(
        name="glob",
        description="Find files by a pattern of their names. `**` stands for any directories below.",
        takes=Glob,
        gives=GlobResult,
    ),
    Tool(
        name="list_directory",
        description="List the files and directories in a directory.",
        takes=ListDirectory,
        gives=ListDirectoryResult,
    ),
    Tool(
        name="read_file",
        description=f"Read a text file of at most {MOST_READ >> 20} MiB.",
        takes=ReadFile,
        gives=ReadFileResult,
    ),
    Tool(
        name="run_shell_command",
        description="Run a command in the virtual machine and wait for its end. It gets no input."
        f" The first {MOST_OUTPUT >> 20} MiB of each output are kept.",
        takes=RunShellCommand,
        gives=RunShellCommandResult,
    ),
    Tool(
        name="search_file_content",
        description="Search the lines of files for a regular expression, by `git grep -n --no-index`.",
        takes=SearchFileContent,
        gives=SearchFileContentResult,
    ),
    Tool(
        name="write_file",
        description="Write a file, which is replaced as a whole if it exists. Its directory is made if need be.",
        takes=WriteFile,
        gives=WriteFileResult,
    ),
)
BY_NAME = {tool.name: tool for tool in TOOLS}


def described(tool: Tool) -> dict[str, Any]:
    """A tool as the protocol tells of it."""
    return {
        "name": tool.name,
        "description": tool.description,
        "inputSchema": _schema(tool.takes),
        "outputSchema": _schema(tool.gives),
    }


def _schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON schema of a type; the protocol wants an object, and no reference, at its root."""
    _, known = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    schema = dict(known.pop(kind.__name__))
    del schema["title"]
    return schema | ({"$defs": known} if known else {})


def arguments(tool: Tool, given: dict[str, Any] | None) -> Input:
    """What was given for a tool, checked; raises UserError for anything that it does not take."""
    try:
        return msgspec.convert(given or {}, tool.takes)
    except msgspec.ValidationError as error:
        raise UserError(f"the arguments of {tool.name} are wrong: {error}") from error
