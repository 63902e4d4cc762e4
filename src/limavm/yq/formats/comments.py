"""Comments that formats other than YAML can keep."""

from limavm.roundtrip.nodes import Document


def leading_lines(document: Document) -> list[str]:
    """The comments above the first value, a blank line where they are set apart."""
    if not document.source:
        # Not a document that was read, but a value out of one.
        return []
    root = document.root
    lines = document.head_comment.split("\n") if document.head_comment else []
    if root is None or not (root.items or root.pairs or root.value):
        return lines
    # What belongs to the document as a whole is set off by a blank line.
    lines += [""] if lines else []
    first = root.pairs[0][0] if root.pairs else root.items[0] if root.items else root
    # The comment above the first entry belongs to that, or to the collection when it was put there by hand.
    for node in (root, first) if first is not root else (root,):
        if node.head_comment:
            lines += node.head_comment.split("\n")
    return lines
