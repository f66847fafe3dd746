"""Tokens to a tree."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from kvmon.judge.templates.nodes import Action, Branch, Include, Jump, Node, Text
from kvmon.judge.templates.pipelines import DEPTH, Pipelines, string


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template, with those that it may include by name. `source` names the text, of which it may be a part."""

    name: str
    source: str
    text: str = field(repr=False)
    body: Sequence[Node] = field(repr=False)
    defined: Mapping[str, Template] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether it is nothing but space: such a definition replaces none that says something."""
        return all(isinstance(node, Text) and not node.text.strip() for node in self.body)


def parse(name: str, text: str, functions: Collection[str]) -> Template:
    """Read a template that may call these functions. Raises TemplateError with Go's text."""
    parser = _Parser(name, text, functions)
    body, ended = parser.block(())
    if ended:
        raise parser.error(f"unexpected {{{{{ended}}}}}")
    return Template(name, name, text, body, parser.defined)


def together(*many: Mapping[str, Template]) -> dict[str, Template]:
    """Definitions of several texts: of those of one name the last that says something."""
    found: dict[str, Template] = {}
    for each in many:
        found.update((name, one) for name, one in each.items() if not one.empty or name not in found)
    return found


class _Parser(Pipelines):
    def __init__(self, name: str, text: str, functions: Collection[str]) -> None:
        super().__init__(name, text, functions)
        self.defined: dict[str, Template] = {}
        self._loops = 0

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
        name = string(token.value)
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
        self._define(Template(name, self._name, self._text, body))
        return Include(at, name, pipe) if word == "block" else None

    def _define(self, new: Template) -> None:
        old = self.defined.get(new.name)
        if old is None or old.empty:
            self.defined[new.name] = new
        elif not new.empty:
            raise self.error(f'template: multiple definition of template "{new.name}"')
