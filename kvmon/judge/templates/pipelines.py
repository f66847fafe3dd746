"""What stands between braces: pipelines of commands, and the tokens that they are read from."""

from __future__ import annotations

import ast
from collections.abc import Collection

from kvmon.judge.templates.errors import TemplateError
from kvmon.judge.templates.lex import Token, place, tokens
from kvmon.judge.templates.nodes import Call, Command, Constant, Dot, Fields, Nil, Node, Pipe, Variable
from kvmon.judge.templates.numbers import parse_float, parse_int

_KEYWORDS = (".", "block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template", "with")

DEPTH = 100
"""Blocks and parentheses inside of each other; more is a mistake, or an attack on the stack."""


class Pipelines:
    """The tokens of a text, and how far they are read."""

    def __init__(self, name: str, text: str, functions: Collection[str]) -> None:
        self._name = name
        self._text = text
        self._functions = functions
        self._tokens = [*tokens(name, text), Token("eof", "", len(text))]
        self._next = 0
        self._scopes = [["$"]]
        self._depth = 0

    def error(self, problem: str, at: int | None = None) -> TemplateError:
        """What is wrong at this place, of which the next token's is the default."""
        return TemplateError(f"{place(self._name, self._text, self._peek().at if at is None else at)}: {problem}")

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._peek()
        self._next += 1
        return token

    def _expect(self, kind: str, context: str) -> Token:
        if self._peek().kind != kind:
            raise self._unexpected(self._peek(), context)
        return self._take()

    def _unexpected(self, token: Token, context: str) -> TemplateError:
        if token.kind == "eof":
            return self.error("unexpected EOF", token.at)
        shown = f"<{token.value}>" if token.value in _KEYWORDS else f'"{token.value}"'
        return self.error(f"unexpected {shown} in {context}", token.at)

    def _pipe(self, context: str, *, close: bool) -> Pipe:
        at = self._peek().at
        variables, assigns = self._variables(context)
        commands: list[Command] = []
        end = ("close", "}}") if close else ("mark", ")")
        while True:
            command = self._command(context)
            if commands and not isinstance(command.words[0], (Call, Fields, Variable)):
                raise self.error(f"non executable command in pipeline stage {len(commands) + 1}", command.at)
            commands.append(command)
            token = self._take()
            if (token.kind, token.value) == end:
                break
            if token.value != "|":
                raise self._unexpected(token, context)
        if not assigns:
            self._scopes[-1].extend(variables)
        return Pipe(at, tuple(commands), tuple(variables), assigns)

    def _variables(self, context: str) -> tuple[list[str], bool]:
        first, then = self._peek(), self._peek(1)
        if first.kind != "variable":
            return [], False
        if then.kind == "declare" or then.value == "=":
            self._next += 2
            return [first.value], then.value == "="
        if then.value == "," and context == "range":
            second, sign = self._peek(2), self._peek(3)
            if second.kind == "variable" and (sign.kind == "declare" or sign.value == "="):
                self._next += 4
                return [first.value, second.value], sign.value == "="
            if sign.value == ",":
                raise self.error("too many declarations in range")
        return [], False

    def _known(self, token: Token) -> None:
        if not any(token.value in scope for scope in self._scopes):
            raise self.error(f'undefined variable "{token.value}"', token.at)

    def _command(self, context: str) -> Command:
        at = self._peek().at
        words: list[Node] = []
        while True:
            token = self._peek()
            if token.kind == "close" or token.value in ("|", ")"):
                break
            if token.kind in ("declare", "other", "eof") or token.value in ("=", ","):
                raise self._unexpected(token, "operand" if words and not token.spaced else context)
            if words and not token.spaced and token.value != "(":
                raise self._unexpected(token, "operand")
            words.append(self._operand())
        if not words:
            raise self.error(f"missing value for {context}")
        return Command(at, tuple(words))

    def _operand(self) -> Node:
        node = self._term()
        names: list[str] = []
        at = self._peek().at
        while self._peek().kind == "field" and not self._peek().spaced:
            names.append(self._take().value[1:])
        if not names:
            return node
        if isinstance(node, (Constant, Nil)):
            raise self.error(f'unexpected . after term "{node}"', node.at)
        # Go names the place of the first field, not of what it is a field of.
        if isinstance(node, Fields):
            return Fields(at, node.of, (*node.names, *names))
        return Fields(at, node, tuple(names))

    def _term(self) -> Node:  # noqa: PLR0911 - a table of tokens
        token = self._take()
        match token.kind:
            case "field":
                return Fields(token.at, Dot(token.at), (token.value[1:],))
            case "variable":
                self._known(token)
                return Variable(token.at, token.value)
            case "word":
                return self._word(token)
            case "string" | "raw":
                return Constant(token.at, string(token.value), token.value)
            case "char" | "number":
                return Constant(token.at, self._number(token), token.value)
        if token.value == ".":
            return Dot(token.at)
        if token.value == "(":
            self._depth += 1
            if self._depth > DEPTH:
                raise self.error("max expression depth exceeded")
            pipe = self._pipe("parenthesized pipeline", close=False)
            self._depth -= 1
            return pipe
        raise self._unexpected(token, "operand")

    def _word(self, token: Token) -> Node:
        if token.value in ("true", "false"):
            return Constant(token.at, token.value == "true", token.value)
        if token.value == "nil":
            return Nil(token.at)
        if token.value not in self._functions:
            raise self.error(f'function "{token.value}" not defined', token.at)
        return Call(token.at, token.value)

    def _number(self, token: Token) -> int | float:
        written = token.value
        if token.kind == "char":
            char = string(written)
            if len(char) != 1:
                raise self.error(f"malformed character constant: {written}", token.at)
            return ord(char)
        try:
            if not written.lower().lstrip("+-").startswith("0x") and any(mark in written for mark in ".eE"):
                return parse_float(written.replace("_", ""))
            return parse_int(written)
        except ValueError:
            raise self.error(f'bad number syntax: "{written}"', token.at) from None


def string(written: str) -> str:
    """Of a quoted or a raw string of Go."""
    if written.startswith("`"):
        return written[1:-1]
    return str(ast.literal_eval(written))
