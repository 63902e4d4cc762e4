"""What the keys of a configuration are for: the comments of the default template, by key.

That template is where every key is described, so that the schema says the same as it.
"""

from limavm.roundtrip.nodes import Document, Kind, Node


def descriptions(document: Document) -> dict[str, str]:
    """The comment before each key, without `#`, by the key's dotted path; keys inside of lists are left out."""
    found: dict[str, str] = {}
    if document.root is not None:
        _collect(document.root, "", found)
    return found


def _collect(node: Node, prefix: str, found: dict[str, str]) -> None:
    if node.kind is not Kind.MAPPING:
        return
    for index, (key, value) in enumerate(node.pairs):
        path = f"{prefix}{key.value}"
        # What stands above the first key is the comment of the mapping.
        if text := _paragraph(key.head_comment or ("" if index else node.head_comment)):
            found[path] = text
        _collect(value, f"{path}.", found)


def _paragraph(comment: str) -> str:
    """The last paragraph of a comment, which is the one next to the key."""
    lines = comment.rstrip("\n").split("\n")
    start = max((index + 1 for index, line in enumerate(lines) if not line.strip()), default=0)
    return "\n".join(line.lstrip("#").strip() for line in lines[start:]).strip()
