"""`render`: a template text and its data to a text."""

from collections.abc import Callable, Mapping
from typing import Any

from limavm.gotemplate.budget import Budget
from limavm.gotemplate.evaluator import Evaluator
from limavm.gotemplate.functions import FUNCTIONS
from limavm.gotemplate.parser import parse


def render(
    text: str, data: Any, functions: Mapping[str, Callable[..., Any]] | None = None, *, budget: Budget | None = None
) -> str:
    """The text with its actions replaced by what they give for `data`; `functions` come on top of Go's own.

    Data are mappings, lists, texts, numbers, booleans and None. A key that is missing prints as
    `<no value>` and is false; in a `Record` it is an error. `budget` is what several templates may cost
    together. Raises TemplateError, with line and column, when the template does not parse, does not fit its
    data, or costs too much.
    """
    if "{{" not in text:
        return text
    more = functions or {}
    templates = parse(text, {*FUNCTIONS, "and", "or", *more})
    return Evaluator(text, templates, more, (budget or Budget()).of(text)).run(data)
