"""The operators of the language, a module for each topic.

A module ends with `TABLE: dict[str, Operator]`: the name of an operator in the tree to the function that is it.
`registry` joins the tables, `vocabulary` has the words of the language and which operator each of them is.
"""
