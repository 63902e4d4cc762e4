"""Walks the tree of a template over data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from limavm.gotemplate.errors import TemplateError
from limavm.gotemplate.functions import FUNCTIONS
from limavm.gotemplate.tree import Block, Call, Field, Jump, Literal, Nodes, Output, Pipeline, Text
from limavm.gotemplate.values import MISSING, Missing, Record, show, type_name

#: A template of a configuration is expanded on the host: it may not fill its memory.
_MAX_OUTPUT = 16 << 20
_MAX_STEPS = 1_000_000


class _Jump(Exception):  # noqa: N818 - it leaves a loop, nothing failed
    def __init__(self, keyword: str) -> None:
        self.keyword = keyword


class Evaluator:
    """One run of a template; `scopes` holds the variables of the open blocks."""

    def __init__(self, text: str, data: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> None:
        self.text = text
        self.functions = {**FUNCTIONS, **functions}
        self.scopes: list[dict[str, Any]] = [{"$": data}]
        self.output: list[str] = []
        self.size = 0
        self.steps = 0

    def run(self, nodes: Nodes) -> str:
        """The text that the nodes give."""
        self._walk(nodes, self.scopes[0]["$"])
        return "".join(self.output)

    def _fail(self, message: str, position: int) -> NoReturn:
        raise TemplateError(message, self.text, position)

    def _write(self, text: str) -> None:
        self.size += len(text)
        if self.size > _MAX_OUTPUT:
            self._fail("the template makes too much text", 0)
        self.output.append(text)

    def _walk(self, nodes: Nodes, dot: Any) -> None:
        for node in nodes:
            match node:
                case Text():
                    self._write(node.text)
                case Output():
                    value = self._pipeline(node.pipeline, dot)
                    if not node.pipeline.variables:
                        self._write(show(value))
                case Block():
                    self._block(node, dot)
                case Jump():
                    raise _Jump(node.keyword)
                case _:
                    raise AssertionError(f"an unknown node {node!r}")

    def _block(self, block: Block, dot: Any) -> None:
        self.scopes.append({})
        try:
            value = self._pipeline(block.pipeline, dot)
            if block.keyword == "range":
                self._loop(block, value, dot)
            elif value:
                self._walk(block.body, value if block.keyword == "with" else dot)
            else:
                self._walk(block.otherwise, dot)
        finally:
            self.scopes.pop()

    def _loop(self, block: Block, value: Any, dot: Any) -> None:
        empty = True
        for key, item in self._items(value, block.pipeline.position):
            empty = False
            self.steps += 1
            if self.steps > _MAX_STEPS:
                self._fail("the loops of the template take too long", block.pipeline.position)
            names = block.pipeline.variables
            if names:
                self._keep(names[-1], item, block.pipeline)
            if len(names) == 2:
                self._keep(names[0], key, block.pipeline)
            try:
                self._walk(block.body, item)
            except _Jump as jump:
                if jump.keyword == "break":
                    break
        if empty:
            self._walk(block.otherwise, dot)

    def _items(self, value: Any, position: int) -> Iterator[tuple[Any, Any]]:
        if isinstance(value, Mapping):
            return ((key, value[key]) for key in sorted(value))
        if isinstance(value, int) and not isinstance(value, bool):
            return ((index, index) for index in range(value))
        if isinstance(value, Sequence) and not isinstance(value, str):
            return iter(enumerate(value))
        if not (value is None or isinstance(value, Missing)):
            self._fail(f"range cannot go over {type_name(value)}", position)
        return iter(())

    def _pipeline(self, pipeline: Pipeline, dot: Any) -> Any:
        value: Any = None
        for index, command in enumerate(pipeline.commands):
            value = self._value(command, dot, (value,) if index else ())
        if len(pipeline.variables) == 1:
            self._keep(pipeline.variables[0], value, pipeline)
        return value

    def _keep(self, name: str, value: Any, pipeline: Pipeline) -> None:
        scope = self.scopes[-1]
        if not pipeline.declares:
            scope = next(scope for scope in reversed(self.scopes) if name in scope)
        scope[name] = value

    def _value(self, node: Any, dot: Any, piped: tuple[Any, ...] = ()) -> Any:
        match node:
            case Call():
                return self._call(node, dot, piped)
            case _ if piped:
                message = "a value cannot be piped into something that is no function"
                return self._fail(message, getattr(node, "position", 0))
            case Literal():
                return node.value
            case Field():
                return self._field(node, dot)
            case _:
                return self._pipeline(node, dot)

    def _field(self, field: Field, dot: Any) -> Any:
        match field.base:
            case Pipeline():
                value = self._pipeline(field.base, dot)
            case ".":
                value = dot
            case name:
                value = next(scope[name] for scope in reversed(self.scopes) if name in scope)
        for name in field.names:
            if isinstance(value, Record) and name not in value:
                self._fail(f"there is no field {name}", field.position)
            elif isinstance(value, Mapping):
                value = value.get(name, MISSING)
            elif value is not None and not isinstance(value, Missing):
                self._fail(f"{type_name(value)} has no member {name}", field.position)
            else:
                value = MISSING
        return value

    def _call(self, call: Call, dot: Any, piped: tuple[Any, ...]) -> Any:
        if call.name in ("and", "or"):
            return self._short_circuit(call, dot, piped)
        function = self.functions.get(call.name)
        if function is None:
            self._fail(f"the function {call.name!r} is not known", call.position)
        arguments = [self._value(argument, dot) for argument in call.arguments]
        try:
            return function(*arguments, *piped)
        except TypeError as error:
            message = f"{call.name} does not take {len(arguments) + len(piped)} values"
            raise TemplateError(message, self.text, call.position) from error
        except (ValueError, OverflowError, RecursionError) as error:
            raise TemplateError(f"{call.name}: {error}", self.text, call.position) from error

    def _short_circuit(self, call: Call, dot: Any, piped: tuple[Any, ...]) -> Any:
        if not call.arguments and not piped:
            self._fail(f"{call.name} needs a value", call.position)
        value: Any = None
        for argument in call.arguments:
            value = self._value(argument, dot)
            if bool(value) == (call.name == "or"):
                return value
        return piped[0] if piped else value
