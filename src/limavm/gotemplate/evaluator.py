"""Walks the trees of a template over data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from limavm.gotemplate.budget import Budget
from limavm.gotemplate.errors import TemplateError
from limavm.gotemplate.functions import FUNCTIONS, Function
from limavm.gotemplate.parser import MAIN
from limavm.gotemplate.tree import Block, Command, Field, Include, Jump, Literal, Nodes, Output, Pipeline, Span, Text
from limavm.gotemplate.tree import Function as Name
from limavm.gotemplate.values import MISSING, Missing, Nil, Record, encoded, joined, ordered_keys, truth, type_name
from limavm.gotemplate.verbs import show

#: How deep templates may use each other, or themselves.
_MAX_INCLUDES = 100
#: More of a text than this is not repeated in a message.
_LONGEST_LABEL = 40
_SHORT_CIRCUIT = ("and", "or")
#: There is no value from a command before this one.
_NONE: Any = object()


class _Jump(Exception):  # noqa: N818 - it leaves a loop, nothing failed
    def __init__(self, keyword: str) -> None:
        self.keyword = keyword


class Evaluator:
    """One run of a template."""

    def __init__(
        self,
        text: str,
        templates: Mapping[str, Nodes],
        functions: Mapping[str, Callable[..., Any]],
        budget: Budget,
    ) -> None:
        self.text = text
        self.templates = templates
        self.functions = {**FUNCTIONS, **{name: Function(call) for name, call in functions.items()}}
        self.budget = budget
        self.output: list[str] = []
        #: The template that runs, the variables it has so far, and how many others led to it.
        self.name = MAIN
        self.variables: list[tuple[str, Any]] = []
        self.depth = 0

    def run(self, data: Any) -> str:
        """The text that the template gives for the data."""
        self.variables = [("$", data)]
        try:
            self._walk(self.templates[MAIN], data)
        except RecursionError as error:
            raise TemplateError("blocks and values nest too deeply", self.text, self.budget.position) from error
        # Bytes that make no character together are written as Go's readers would see them.
        return encoded("".join(self.output)).decode("utf-8", "replace")

    def _fail(self, message: str, span: Span, cause: Exception | None = None) -> NoReturn:
        label = " ".join(self.text[span[0] : span[1]].split())
        label = label[:_LONGEST_LABEL] + "…" * (len(label) > _LONGEST_LABEL)
        template = f"in the template {self.name!r}, " if self.name else ""
        raise TemplateError(f"{template}at <{label}>: {message}", self.text, span[0]) from cause

    def _walk(self, nodes: Nodes, dot: Any) -> None:
        for node in nodes:
            self.budget.step()
            match node:
                case Text():
                    self._write(node.text)
                case Output():
                    value = self._pipeline(node.pipeline, dot)
                    if not node.pipeline.variables:
                        self._show(value, node.pipeline.span)
                case Block():
                    self._block(node, dot)
                case Include():
                    self._include(node, dot)
                case Jump():
                    raise _Jump(node.keyword)
                case _:
                    raise AssertionError(f"an unknown node {node!r}")

    def _write(self, text: str) -> None:
        self.budget.spend(len(text))
        self.output.append(text)

    def _show(self, value: Any, span: Span) -> None:
        try:
            self._write(show(value))
        except TemplateError:
            raise
        except ValueError as error:
            self._fail(str(error), span, error)

    def _block(self, block: Block, dot: Any) -> None:
        mark = len(self.variables)
        try:
            value = self._pipeline(block.pipeline, dot)
            if block.keyword == "range":
                self._loop(block, value, dot)
            elif truth(value):
                self._walk(block.body, value if block.keyword == "with" else dot)
            else:
                self._walk(block.otherwise, dot)
        finally:
            del self.variables[mark:]

    def _loop(self, block: Block, value: Any, dot: Any) -> None:
        pipeline = block.pipeline
        empty = True
        mark = len(self.variables)
        for key, item in self._items(value, pipeline):
            empty = False
            self.budget.step()
            del self.variables[mark:]
            self._declare(pipeline, key, item)
            try:
                self._walk(block.body, item)
            except _Jump as jump:
                if jump.keyword == "break":
                    break
        if empty:
            self._walk(block.otherwise, dot)

    def _declare(self, pipeline: Pipeline, key: Any, item: Any) -> None:
        """Keep what a loop is at: with one variable the value, with two the key before it."""
        names = pipeline.variables
        for name, value in zip(names, (key, item) if len(names) == 2 else (item,), strict=False):
            self._keep(name, value, pipeline)

    def _items(self, value: Any, pipeline: Pipeline) -> Iterator[tuple[Any, Any]]:
        match value:
            case None | Missing():
                return iter(())
            case bool() | float() | complex() | str() | Record():
                pass
            case int():
                if len(pipeline.variables) < 2:
                    return ((MISSING, index) for index in range(value))
            case Mapping():
                self.budget.spend(len(value))
                return iter([(key, value[key]) for key in ordered_keys(value)])
            case Sequence():
                return iter(enumerate(value))
            case _:
                pass
        return self._fail(f"range cannot go over {type_name(value)}", pipeline.span)

    def _include(self, node: Include, dot: Any) -> None:
        nodes = self.templates.get(node.name)
        if nodes is None:
            self._fail(f"there is no template {node.name!r}", node.span)
        if self.depth >= _MAX_INCLUDES:
            self._fail(f"templates use each other more than {_MAX_INCLUDES} deep", node.span)
        value = self._pipeline(node.pipeline, dot) if node.pipeline else MISSING
        name, variables = self.name, self.variables
        self.name, self.variables = node.name, [("$", value)]
        self.depth += 1
        self._walk(nodes, value)
        self.depth -= 1
        self.name, self.variables = name, variables

    def _pipeline(self, pipeline: Pipeline, dot: Any) -> Any:
        value: Any = _NONE
        for command in pipeline.commands:
            value = self._command(command, dot, value)
            value = MISSING if value is None else value
        for name in pipeline.variables:
            self._keep(name, value, pipeline)
        return value

    def _keep(self, name: str, value: Any, pipeline: Pipeline) -> None:
        if pipeline.declares:
            self.variables.append((name, value))
            return
        self.variables[self._newest(name, pipeline.span)] = (name, value)

    def _newest(self, name: str, span: Span) -> int:
        """Which of the variables of that name counts: the last."""
        for index in range(len(self.variables) - 1, -1, -1):
            if self.variables[index][0] == name:
                return index
        return self._fail(f"undefined variable {name}", span)

    def _command(self, command: Command, dot: Any, piped: Any) -> Any:
        given = bool(command.arguments) or piped is not _NONE
        match command.operand:
            case Name():
                return self._call(command.operand, command, dot, piped)
            case Field() as field if field.names:
                return self._field(field, dot, given=given)
            case Literal(value=None) as nil:
                return self._fail("nil is no command", nil.span)
            case operand:
                if given:
                    self._fail("it is no function and takes no values", operand.span)
                return self._value(operand, dot)

    def _value(self, node: Any, dot: Any) -> Any:
        match node:
            case Literal():
                return node.value
            case Field():
                return self._field(node, dot)
            case Name():
                return self._call(node, Command(node, (), node.span), dot, _NONE)
            case _:
                return self._pipeline(node, dot)

    def _field(self, field: Field, dot: Any, *, given: bool = False) -> Any:
        match field.base:
            case ".":
                value = dot
            case str() as name:
                value = self.variables[self._newest(name, field.span)][1]
            case node:
                value = self._value(node, dot)
                value = MISSING if value is None and field.names else value
        for index, name in enumerate(field.names):
            last = index == len(field.names) - 1
            value = self._member(value, name, field, given=given and last)
        return value

    def _member(self, value: Any, name: str, field: Field, *, given: bool) -> Any:
        if isinstance(value, Missing):
            return MISSING
        if isinstance(value, Record) and name not in value:
            self._fail(f"there is no field {name}", field.span)
        if not isinstance(value, Mapping):
            self._fail(f"{type_name(value)} has no member {name}", field.span)
        if given:
            self._fail(f"{name} is no function and takes no values", field.span)
        return value.get(name, MISSING)

    def _call(self, name: Name, command: Command, dot: Any, piped: Any) -> Any:
        count = len(command.arguments) + (piped is not _NONE)
        if name.name in _SHORT_CIRCUIT:
            if not count:
                self._fail(f"{name.name} needs a value", command.span)
            return self._short_circuit(name.name, command, dot, piped)
        function = self.functions[name.name]
        if count < function.least or (function.most is not None and count > function.most):
            self._fail(f"{name.name} does not take {count} values", command.span)
        values = [self._value(argument, dot) for argument in command.arguments]
        if piped is not _NONE:
            values.append(piped)
        # A function sees what is missing as nil.
        values = [None if isinstance(value, Missing) and not isinstance(value, Nil) else value for value in values]
        self.budget.at(command.span[0])
        for value in values:
            self.budget.spend(len(value) if isinstance(value, str) else 1)
        result = self._called(name.name, function, values, command)
        self.budget.spend(len(result) if isinstance(result, str) else 1)
        return result

    def _called(self, name: str, function: Function, values: list[Any], command: Command) -> Any:
        try:
            result = function.call(*values)
            return joined(result) if isinstance(result, str) else result
        except TypeError as error:
            self._fail(f"{name} does not take {len(values)} values", command.span, error)
        except (ValueError, OverflowError, MemoryError) as error:
            self._fail(f"{name}: {error}", command.span, error)

    def _short_circuit(self, name: str, command: Command, dot: Any, piped: Any) -> Any:
        value: Any = MISSING
        for argument in command.arguments:
            value = self._value(argument, dot)
            if truth(value) == (name == "or"):
                return value
        return value if piped is _NONE else piped
