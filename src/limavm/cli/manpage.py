"""Pages of the manual in the language of man(7). Pure."""

from collections.abc import Sequence

from limavm.cli.manual import Page, Row


def file_name(words: Sequence[str]) -> str:
    """The file of a page: `limactl-disk-create.1`."""
    return "-".join(words) + ".1"


def man(page: Page, version: str) -> str:
    """The text of a page. It bears no date, so that it is the same each time."""
    name = "-".join(page.words)
    lines = [
        f'.TH {_quoted(name.upper())} 1 "" {_quoted(version)} "Lima"',
        *[".SH NAME", f"{_text(name)} \\- {_text(page.summary.rstrip('.'))}"],
    ]
    if page.usage:
        lines.append(".SH SYNOPSIS")
        for usage in page.usage:
            lines += [".nf", f"\\fB{_text(usage)}\\fP", ".fi"]
    if page.aliases:
        lines += [".SH ALIASES", _text(", ".join(page.aliases))]
    lines.append(".SH DESCRIPTION")
    for paragraph in page.description.split("\n\n"):
        lines += _paragraph(paragraph)
    for title, rows in page.commands:
        lines += [
            f".SH {_quoted(title.upper())}",
            *_rows([("-".join((*page.words, name)) + "(1)", t) for name, t in rows]),
        ]
    for title, rows in page.sections:
        lines += [f".SH {_quoted(title.upper())}", *_rows(rows)]
    if page.examples:
        lines += [".SH EXAMPLES", ".nf", *map(_text, page.examples.splitlines()), ".fi"]
    above = "-".join(page.words[:-1]) or ("lima" if page.words == ("limactl",) else "")
    if above:
        lines += [".SH SEE ALSO", f"\\fB{_text(above)}\\fP(1)"]
    return "\n".join(lines) + "\n"


def _paragraph(text: str) -> list[str]:
    """What is indented keeps its lines."""
    lines = text.splitlines()
    if lines and all(line.startswith("  ") for line in lines):
        return [".PP", ".RS", ".nf", *(_text(line[2:]) for line in lines), ".fi", ".RE"]
    return [".PP", *map(_text, lines)]


def _rows(rows: Sequence[Row]) -> list[str]:
    return [line for left, right in rows for line in (".TP", f"\\fB{_text(left)}\\fP", _text(right))]


def _text(text: str) -> str:
    """A line without a meaning to roff."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _quoted(text: str) -> str:
    return '"' + _text(text).replace('"', "\\(dq") + '"'
