"""Tokens to a tree."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from kvmon.judge.templates.errors import TemplateError
from kvmon.judge.templates.lex import Token, place, tokens
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
)
from kvmon.judge.templates.numbers import parse_float, parse_int

_KEYWORDS = (".", "block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template", "with")

DEPTH = 100
"""Blocks and parentheses inside of each other; more is a mistake, or an attack on the stack."""


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template, with those that it defines by name."""

    name: str
    text: str
    body: Sequence[Node]
    defined: Mapping[str, Sequence[Node]] = field(default_factory=dict)


def parse(name: str, text: str, functions: Collection[str]) -> Template:
    """Read a template that may call these functions. Raises TemplateError with Go's text."""
    parser = _Parser(name, text, functions)
    body, ended = parser.block(())
    if ended:
        raise parser.error(f"unexpected {{{{{ended}}}}}")
    return Template(name, text, body, parser.defined)


class _Parser:
    def __init__(self, name: str, text: str, functions: Collection[str]) -> None:
        self.defined: dict[str, Sequence[Node]] = {}
        self._name = name
        self._text = text
        self._functions = functions
        self._tokens = [*tokens(name, text), Token("eof", "", len(text))]
        self._next = 0
        self._scopes = [["$"]]
        self._loops = 0
        self._depth = 0

    def error(self, problem: str, at: int | None = None) -> TemplateError:
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

    def block(self, ends: Collection[str]) -> tuple[list[Node], str]:
        """Nodes until one of the words that end it; the word, empty at the end of the text."""
        self._depth += 1
        if self._depth > DEPTH:
            raise self.error("max expression depth exceeded")
        nodes: list[Node] = []
        while True:
            token = self._take()
            if token.kind == "eof":
                if ends:
                    raise self.error("unexpected EOF", token.at)
                self._depth -= 1
                return nodes, ""
            if token.kind == "text":
                nodes.append(Text(token.at, token.value))
                continue
            word = self._peek().value if self._peek().kind == "word" else ""
            if word in ("end", "else"):
                if word not in ends:
                    raise self.error(f"{'expected end; found' if ends else 'unexpected'} {{{{{word}}}}}")
                self._take()
                self._depth -= 1
                return nodes, word
            node = self._action(word)
            if node is not None:
                nodes.append(node)

    def _action(self, word: str) -> Node | None:
        at = self._peek().at
        if word in ("if", "with", "range"):
            self._take()
            return self._branch(word, at)
        if word in ("break", "continue"):
            self._take()
            self._expect("close", f"{{{{{word}}}}}")
            if not self._loops:
                raise self.error(f"{{{{{word}}}}} outside {{{{range}}}}", at)
            return Jump(at, word)
        if word in ("define", "template", "block"):
            self._take()
            return self._named(word, at)
        pipe = self._pipe("command", close=True)
        return Action(at, pipe)

    def _branch(self, kind: str, at: int) -> Node:
        self._scopes.append([])
        pipe = self._pipe(kind, close=True)
        self._loops += kind == "range"
        then, ended = self.block(("end", "else"))
        self._loops -= kind == "range"
        otherwise: list[Node] = []
        if ended == "else":
            follow = self._peek()
            if follow.kind == "word" and follow.value == kind and kind != "range":
                self._take()
                otherwise = [self._branch(kind, follow.at)]
                self._scopes.pop()
                return Branch(at, kind, pipe, then, otherwise)
            self._expect("close", "{{else}}")
            otherwise, _ = self.block(("end",))
        self._expect("close", "{{end}}")
        self._scopes.pop()
        return Branch(at, kind, pipe, then, otherwise)

    def _named(self, word: str, at: int) -> Node | None:
        token = self._take()
        if token.kind not in ("string", "raw"):
            raise self._unexpected(token, f"{word} clause")
        name = _string(token.value)
        pipe = None
        if self._peek().kind != "close" and word != "define":
            pipe = self._pipe(f"{word} clause", close=True)
        else:
            self._expect("close", f"{word} clause")
        if word == "template":
            return Include(at, name, pipe)
        kept, self._scopes = self._scopes, [["$"]]
        body, _ = self.block(("end",))
        self._scopes = kept
        self._expect("close", "{{end}}")
        self.defined[name] = body
        return Include(at, name, pipe) if word == "block" else None

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
                return Constant(token.at, _string(token.value), token.value)
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
            char = _string(written)
            if len(char) != 1:
                raise self.error(f"malformed character constant: {written}", token.at)
            return ord(char)
        try:
            if not written.lower().lstrip("+-").startswith("0x") and any(mark in written for mark in ".eE"):
                return parse_float(written.replace("_", ""))
            return parse_int(written)
        except ValueError:
            raise self.error(f'bad number syntax: "{written}"', token.at) from None


def _string(written: str) -> str:
    if written.startswith("`"):
        return written[1:-1]
    return str(ast.literal_eval(written))
