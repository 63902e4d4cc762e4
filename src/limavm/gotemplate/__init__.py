"""Go's text/template, as far as Lima's interfaces use it: `render`, and the error it raises.

Pure: a text and data in, a text out. `lexer` cuts the text into actions and tokens, `parser` makes a tree
of them, `evaluator` walks it. Facts are those of the documentation of Go's package text/template.
"""

from limavm.gotemplate.errors import TemplateError as TemplateError
from limavm.gotemplate.render import render as render

__all__ = ["TemplateError", "render"]
from limavm.gotemplate.values import NIL as NIL
from limavm.gotemplate.values import Record as Record
from limavm.gotemplate.values import show as show
from limavm.gotemplate.values import written as written
