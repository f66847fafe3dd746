"""A tree and data to text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from kvmon.judge.templates.arguments import fitting, kinds
from kvmon.judge.templates.builtins import BUILTINS, LAZY
from kvmon.judge.templates.errors import TemplateError
from kvmon.judge.templates.nodes import (
    Action,
    Branch,
    Call,
    Command,
    Constant,
    Dot,
    Fields,
    Include,
    Jump,
    Nil,
    Node,
    Pipe,
    Text,
    Variable,
    last,
    short,
)
from kvmon.judge.templates.parse import Template
from kvmon.judge.templates.times import method_of
from kvmon.judge.templates.values import Function, Methods, Struct, Value, Zero, text, true, type_name

DEPTH = 100
STEPS = 100_000
"""Nodes that one expansion may visit: a template is not to hold up the rules after it."""

_NOTHING: Any = object()


def expand(template: Template, data: Value, functions: Mapping[str, Function]) -> str:
    """The text. Raises TemplateError with Go's text (`template: NAME:1:5: executing "NAME" at <...>: ...`)."""
    return _Run(template, {**BUILTINS, **functions}).text(data)


class _Jumped(Exception):
    def __init__(self, kind: str) -> None:
        self.kind = kind


class _Run:
    def __init__(self, template: Template, functions: Mapping[str, Function]) -> None:
        self._template = template
        self._defined = template.defined
        self._functions = functions
        self._steps = STEPS
        self._depth = 0
        self._out: list[str] = []
        self._variables: list[tuple[str, Value]] = []

    def text(self, data: Value) -> str:
        self._variables = [("$", data)]
        self._walk(self._template.body, data)
        return "".join(self._out)

    def _error(self, node: Node, problem: str) -> TemplateError:
        executing, source, written = self._template.name, self._template.source, self._template.text
        line = written.count("\n", 0, node.at) + 1
        column = len(written[written.rfind("\n", 0, node.at) + 1 : node.at].encode())
        return TemplateError(f'template: {source}:{line}:{column}: executing "{executing}" at <{short(node)}>: {problem}')

    def _walk(self, body: Sequence[Node], dot: Value) -> None:
        for node in body:
            self._steps -= 1
            if self._steps < 0:
                raise self._error(node, "exceeded the number of steps that a template may take")
            match node:
                case Text():
                    self._out.append(node.text)
                case Action():
                    value = self._pipe(node.pipe, dot)
                    if not node.pipe.variables:
                        self._out.append(text(value))
                case Branch():
                    self._branch(node, dot)
                case Jump():
                    raise _Jumped(node.kind)
                case Include():
                    self._include(node, dot)

    def _branch(self, node: Branch, dot: Value) -> None:
        mark = len(self._variables)
        value = self._pipe(node.pipe, dot, declares=node.kind != "range")
        if node.kind == "range":
            self._range(node, value, dot)
        elif true(value):
            self._walk(node.then, value if node.kind == "with" else dot)
        else:
            self._walk(node.otherwise, dot)
        del self._variables[mark:]

    def _range(self, node: Branch, value: Value, dot: Value) -> None:
        items: list[tuple[Value, Value]] = []
        if isinstance(value, Mapping):
            items = [(key, value[key]) for key in sorted(value)]
        elif isinstance(value, int) and not isinstance(value, bool):
            items = [(index, index) for index in range(min(value, STEPS))]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            items = list(enumerate(value))
        elif value is not None:
            raise self._error(node.pipe, f"range can't iterate over {text(value)}")
        if not items:
            self._walk(node.otherwise, dot)
            return
        mark = len(self._variables)
        for key, item in items:
            names = node.pipe.variables
            for name, part in zip(names, (key, item) if len(names) > 1 else (item,), strict=False):
                self._set(name, part, assigns=node.pipe.assigns)
            try:
                self._walk(node.then, item)
            except _Jumped as jump:
                if jump.kind == "break":
                    break
            finally:
                del self._variables[mark:]

    def _include(self, node: Include, dot: Value) -> None:
        found = self._defined.get(node.name)
        if found is None:
            raise self._error(node, f'template "{node.name}" not defined')
        if self._depth >= DEPTH:
            raise self._error(node, "exceeded maximum template depth (100)")
        data = self._pipe(node.pipe, dot) if node.pipe is not None else None
        kept = self._template, self._variables
        self._template, self._variables = found, [("$", data)]
        self._depth += 1
        self._walk(found.body, data)
        self._depth -= 1
        self._template, self._variables = kept

    def _set(self, name: str, value: Value, *, assigns: bool) -> None:
        if assigns:
            for index in range(len(self._variables) - 1, -1, -1):
                if self._variables[index][0] == name:
                    self._variables[index] = (name, value)
                    return
        self._variables.append((name, value))

    def _pipe(self, pipe: Pipe, dot: Value, *, declares: bool = True) -> Value:
        value = _NOTHING
        for command in pipe.commands:
            value = self._command(command, dot, value)
        if declares:
            for name in pipe.variables:
                self._set(name, value, assigns=pipe.assigns)
        return value

    def _command(self, command: Command, dot: Value, final: Value) -> Value:
        first, *rest = command.words
        if isinstance(first, Call):
            return self._call(first, rest, dot, final, command)
        if rest or final is not _NOTHING:
            if isinstance(first, (Fields, Variable)):
                method = self._operand(first, dot)
                if isinstance(method, Function):
                    return self._apply((first, command), last(first), method, rest, dot, final)
                raise self._error(first, f"{last(first)} is not a method but has arguments")
            raise self._error(first, f"can't give argument to non-function {short(first)}")
        if isinstance(first, Nil):
            raise self._error(first, "nil is not a command")
        return self._operand(first, dot)

    def _operand(self, node: Node, dot: Value) -> Value:  # noqa: PLR0911 - a table of nodes
        match node:
            case Dot():
                return dot
            case Nil():
                return None
            case Constant():
                return node.value
            case Variable():
                return next(value for name, value in reversed(self._variables) if name == node.name)
            case Fields():
                value = self._operand(node.of, dot)
                for name in node.names:
                    value = self._field(node, value, name)
                return value
            case Pipe():
                return self._pipe(node, dot)
            case Call():
                return self._call(node, [], dot, _NOTHING, node)
        raise AssertionError(node)

    def _field(self, node: Fields, value: Value, name: str) -> Value:
        with suppress(KeyError):
            if isinstance(value, Methods):
                return value.method(name)
            if isinstance(value, datetime):
                return method_of(value, name)
        if isinstance(value, Struct) and name in value.fields:
            return value.fields[name]
        if isinstance(value, Mapping):
            return value.get(name, "" if isinstance(value, Zero) else None)
        if value is None:
            raise self._error(node, f"nil data; no entry for key {name!r}".replace("'", '"'))
        raise self._error(node, f"can't evaluate field {name} in type {type_name(value)}")

    def _call(self, node: Call, words: Sequence[Node], dot: Value, final: Value, whole: Node) -> Value:
        if node.name in LAZY:
            return self._logic(node, words, dot, final)
        return self._apply((node, whole), node.name, self._functions[node.name], words, dot, final)

    def _apply(  # noqa: PLR0913, PLR0917 - a call has so many parts
        self, where: tuple[Node, Node], name: str, function: Function, words: Sequence[Node], dot: Value, final: Value
    ) -> Value:
        node, whole = where
        try:
            wanted = kinds(name, function, len(words) + (final is not _NOTHING))
        except ValueError as error:
            raise self._error(node, str(error)) from None
        arguments = [self._fits(word, self._operand(word, dot), kind) for word, kind in zip(words, wanted, strict=False)]
        if final is not _NOTHING:
            arguments.append(self._fits(node, final, wanted[-1]))
        try:
            return function.call(*arguments)
        except (ValueError, OverflowError, TemplateError) as error:
            raise self._error(whole, f"error calling {name}: {error}") from None

    def _logic(self, node: Call, words: Sequence[Node], dot: Value, final: Value) -> Value:
        """`and` and `or` look at no more arguments than they have to."""
        value = _NOTHING
        for word in words:
            value = self._operand(word, dot)
            if true(value) == (node.name == "or"):
                return value
        if final is not _NOTHING:
            return final
        if value is _NOTHING:
            raise self._error(node, f"wrong number of args for {node.name}: want at least 1 got 0")
        return value

    def _fits(self, node: Node, value: Value, kind: str) -> Value:
        try:
            return fitting(node, value, kind)
        except ValueError as error:
            raise self._error(node, str(error)) from None
