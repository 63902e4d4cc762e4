"""Pages of the manual as Markdown: for docs/commands, and with a head for sites made by Docsy. Pure."""

import re
from collections.abc import Sequence

from limavm.cli.manual import GLOBAL, Page, Row

_NOTE = "<!-- Written by `limactl generate-doc`; change the help text of the command instead. -->"
_SPECIAL = re.compile(r"([\\<>*])")


def file_name(words: Sequence[str]) -> str:
    """The file of a page: `limactl_disk_create.md`."""
    return "_".join(words) + ".md"


def markdown(page: Page, *, head: bool = False) -> str:
    """The text of a page; `head` puts in front what Docsy wants to know."""
    title = " ".join(page.words)
    parts = [f"---\ntitle: {title}\nweight: 3\n---"] if head else [_NOTE, f"# {title}"]
    parts += map(_paragraph, page.description.split("\n\n"))
    if page.usage:
        parts.append(_code("\n".join(page.usage)))
    if page.aliases:
        parts.append("Aliases: " + ", ".join(f"`{name}`" for name in page.aliases))
    if page.examples:
        parts += ["## Examples", _code(page.examples)]
    for heading, rows in page.commands:
        links = [(f"[{name}]({file_name((*page.words, name))})", _escaped(text)) for name, text in rows]
        parts += [f"## {heading}", _table(("command", ""), links)]
    for heading, rows in page.sections:
        if heading == GLOBAL:
            parts.append(f"[The flags of limactl]({file_name(page.words[:1])}#flags) work as well.")
            continue
        parts += [f"## {heading}", _table(("flag", ""), [(f"`{cell}`", _escaped(text)) for cell, text in rows])]
    return "\n\n".join(parts) + "\n"


def _paragraph(text: str) -> str:
    """What is indented is to be typed, or aligned by hand."""
    lines = text.splitlines()
    if lines and all(line.startswith("  ") for line in lines):
        return _code("\n".join(line[2:] for line in lines))
    return _escaped(text)


def _code(text: str) -> str:
    return f"```\n{text}\n```"


def _table(head: Row, rows: Sequence[Row]) -> str:
    lines = [head, ("---", "---"), *((left, right) for left, right in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _escaped(text: str) -> str:
    """The text without a meaning to Markdown, except for what stands in backquotes."""
    parts = text.split("`")
    parts[::2] = [_SPECIAL.sub(r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)
