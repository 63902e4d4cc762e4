"""YAML documents that keep their comments, order, blank lines and styles when they are changed and written again.

`read` makes the tree of `nodes` from a text, `write` a text from the tree. What the values mean to an
instance is not known here; `yq` changes such trees, and `config` embeds base templates with them.
"""
