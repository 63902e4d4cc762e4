"""The flags of the yq command line, which are those of yq v4 and not those of limactl.

They are parsed without click, which takes longer to load than all that `limactl yq` needs. What yq has
for formats that are not built (HCL, Lua) is refused with a sentence.
"""

from collections.abc import Sequence
from typing import NamedTuple

from limavm.errors import UserError

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


class Flag(NamedTuple):
    """One flag; without a metavar it is a switch."""

    name: str
    short: str = ""
    metavar: str = ""
    help: str = ""


FLAGS = (
    Flag("null-input", "n", "", "Read nothing: evaluate the expression on null"),
    Flag("inplace", "i", "", "Write the result into the first file"),
    Flag(
        "input-format",
        "p",
        "format",
        "yaml, json, props, csv, tsv, toml, ini, xml, base64, uri (default: by extension)",
    ),
    Flag(
        "output-format", "o", "format", "yaml, json, props, csv, tsv, shell, ini, xml, base64, uri (default: as input)"
    ),
    Flag("indent", "I", "int", "Blanks of one level (default 2); 0 writes JSON on one line"),
    Flag("unwrapScalar", "r", "", "Write a single scalar without quotes and comments (default for YAML)"),
    Flag("prettyPrint", "P", "", "Write everything in block style, quotes where they are needed"),
    Flag("no-doc", "N", "", "Write no --- between documents"),
    Flag("nul-output", "0", "", "End each result with NUL instead of a newline"),
    Flag("exit-status", "e", "", "Fail when all results are null or false, or there are none"),
    Flag("colors", "C", "", "Colour the output also when it is no terminal"),
    Flag("no-colors", "M", "", "Never colour the output"),
    Flag("split-exp", "s", "expression", "Write each result into the file that this expression names ($index counts)"),
    Flag("split-exp-file", "", "file", "Read the expression of --split-exp from a file"),
    Flag("expression", "", "expression", "The expression, also when it looks like the name of a file"),
    Flag("from-file", "", "file", "Read the expression from a file"),
    Flag("front-matter", "f", "action", "extract or process the YAML at the top of the first file"),
    Flag("tojson", "j", "", "The same as -o json (deprecated)"),
    Flag("csv-auto-parse", "", "", "Read lists and mappings in CSV as such (default true)"),
    Flag("csv-separator", "", "char", 'Between the values of CSV (default ",")'),
    Flag("tsv-auto-parse", "", "", "Read lists and mappings in TSV as such (default true)"),
    Flag("properties-separator", "", "string", 'Between key and value of properties (default " = ")'),
    Flag("properties-array-brackets", "", "", "Write a[0] instead of a.0 in properties"),
    Flag("shell-key-separator", "", "string", 'Between the parts of a shell variable (default "_")'),
    Flag("xml-attribute-prefix", "", "string", 'Before the names of attributes (default "+@")'),
    Flag("xml-content-name", "", "string", 'The key of text beside attributes (default "+content")'),
    Flag("yaml-compact-seq-indent", "c", "", "Do not indent lists below their key"),
    Flag("security-disable-env-ops", "", "", "Disable operators that read the environment"),
    Flag("security-disable-file-ops", "", "", "Disable operators that read files"),
    Flag("version", "V", "", "Show the version"),
    Flag("help", "h", "", "Show this help"),
    # Accepted, and without effect here.
    Flag("verbose", "v"),
    Flag("header-preprocess"),
    Flag("yaml-fix-merge-anchor-to-spec"),
    Flag("string-interpolation"),
    Flag("xml-keep-namespace"),
    Flag("xml-raw-token"),
    Flag("xml-skip-proc-inst"),
    Flag("xml-skip-directives"),
    Flag("xml-strict-mode"),
)
#: Flags of yq that would have to do something, and cannot.
_LEFT_OUT = frozenset(
    {
        *("debug-node-info", "lua-globals", "lua-prefix", "lua-suffix", "lua-unquoted"),
        *("security-enable-system-operator", "xml-directive-name", "xml-proc-inst-prefix"),
    }
)
COMMANDS = {"eval": "eval", "e": "eval", "eval-all": "eval-all", "ea": "eval-all", "help": "help"}


class Words(NamedTuple):
    """A command line taken apart."""

    command: str
    values: dict[str, str]
    switches: dict[str, bool]
    positionals: list[str]


def parse(args: Sequence[str]) -> Words:
    """Flags may stand anywhere before `--`; the first word that is none may be a sub-command."""
    words = Words("", {}, {}, [])
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word == "--":
            words.positionals.extend(rest)
            break
        if word.startswith("--"):
            _long(word, rest, words)
        elif word.startswith("-") and word != "-":
            _short(word, rest, words)
        else:
            words.positionals.append(word)
    if words.positionals and words.positionals[0] in COMMANDS:
        return words._replace(command=COMMANDS[words.positionals[0]], positionals=words.positionals[1:])
    return words


def _long(word: str, rest: list[str], words: Words) -> None:
    name, equals, value = word[2:].partition("=")
    flag = next((flag for flag in FLAGS if flag.name == name), None)
    if flag is None:
        if name in _LEFT_OUT:
            raise UserError(f"the flag --{name} of yq is not supported by limavm")
        raise UserError(f"unknown flag: --{name}", hint="`limactl yq --help` lists the flags")
    _take(flag, value if equals else None, rest, words)


def _short(group: str, rest: list[str], words: Words) -> None:
    letters = group[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = next((flag for flag in FLAGS if flag.short == letter), None)
        if flag is None:
            raise UserError(
                f"unknown shorthand flag: {letter!r} in {group}", hint="`limactl yq --help` lists the flags"
            )
        if flag.metavar or letters.startswith("="):
            _take(flag, letters.removeprefix("=") if letters else None, rest, words)
            return
        _take(flag, None, rest, words)


def _take(flag: Flag, value: str | None, rest: list[str], words: Words) -> None:
    if flag.metavar:
        if value is None and not rest:
            raise UserError(f"flag needs an argument: --{flag.name}")
        words.values[flag.name] = rest.pop(0) if value is None else value
    elif value is None or value in _TRUE:
        words.switches[flag.name] = True
    elif value in _FALSE:
        words.switches[flag.name] = False
    else:
        raise UserError(f"{value!r} is neither true nor false, for the flag --{flag.name}")


def help_text(program: str) -> str:
    """What `--help` shows."""
    rows = [(_cell(flag), flag.help) for flag in FLAGS if flag.help]
    width = max(len(cell) for cell, _ in rows) + 2
    flags = "\n".join(f"  {cell:<{width}}{text}" for cell, text in rows)
    return f"""\
Read and change YAML, JSON and other formats with the expressions of yq v4.

Usage:
  {program} [flags] [expression] [file]...
  {program} eval|e [flags] [expression] [file]...       each document by itself (the default)
  {program} eval-all|ea [flags] [expression] [file]...  all documents of all files at once

Standard input is read where a file is called "-", and when no file is named. The format follows from the
extension of the first file. Operators that read files and the environment work; `system` does not.

Examples:
  {program} .cpus lima.yaml
  {program} -i '.memory = "8GiB"' lima.yaml
  {program} -o json . lima.yaml
  {program} ea '. as $item ireduce ({{}}; . * $item)' base.yaml mine.yaml

Flags:
{flags}

`limactl help yq-restrictions` tells what expressions may not do elsewhere in limactl."""


def _cell(flag: Flag) -> str:
    short = f"-{flag.short}, " if flag.short else "    "
    return f"{short}--{flag.name} {flag.metavar}".rstrip()
