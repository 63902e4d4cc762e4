"""Go's text/template: `render`, and the error it raises.

Pure: a text and data in, a text out. `lexer` cuts the text into actions and tokens, `parser` and `pipelines` make
trees of them, `evaluator` walks these within a `budget`. `functions` are what templates call: `printf` with its
`verbs`, `compare`, `escapes`. Facts are those of the documentation of Go's packages text/template and fmt.
"""

from limavm.gotemplate.budget import Budget as Budget
from limavm.gotemplate.errors import TemplateError as TemplateError
from limavm.gotemplate.render import render as render
from limavm.gotemplate.values import NIL as NIL
from limavm.gotemplate.values import Record as Record
from limavm.gotemplate.values import written as written
from limavm.gotemplate.verbs import show as show

__all__ = ["NIL", "Budget", "Record", "TemplateError", "render", "show", "written"]
