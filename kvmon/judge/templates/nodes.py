"""The tree of a parsed template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kvmon.judge.templates.values import Value


@dataclass(frozen=True, slots=True)
class Node:
    """Something with a place in the text (in characters)."""

    at: int


@dataclass(frozen=True, slots=True)
class Dot(Node):
    """`.`."""

    def __str__(self) -> str:
        return "."


@dataclass(frozen=True, slots=True)
class Nil(Node):
    """`nil`."""

    def __str__(self) -> str:
        return "nil"


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A string, number or truth value as it is written."""

    value: Value
    written: str

    def __str__(self) -> str:
        return self.written


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """`$x`, with fields after it: `$x.a.b`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Call(Node):
    """The name of a function."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Fields(Node):
    """Fields of something: `.a.b` of Dot, `$x.a`, `(first q).Labels`."""

    of: Node
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{'' if isinstance(self.of, Dot) else self.of}.{'.'.join(self.names)}"


@dataclass(frozen=True, slots=True)
class Command(Node):
    """A function or value, and its arguments."""

    words: tuple[Node, ...]

    def __str__(self) -> str:
        return " ".join(f"({word})" if isinstance(word, Pipe) else str(word) for word in self.words)


@dataclass(frozen=True, slots=True)
class Pipe(Node):
    """Commands that hand on their values, and the variables that are declared or set with the last one."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    assigns: bool = False

    def __str__(self) -> str:
        return " | ".join(map(str, self.commands))


@dataclass(frozen=True, slots=True)
class Text(Node):
    """What is printed as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Action(Node):
    """`{{pipeline}}`."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Branch(Node):
    """`if`, `with` or `range`."""

    kind: str
    pipe: Pipe
    then: Sequence[Node]
    otherwise: Sequence[Node]


@dataclass(frozen=True, slots=True)
class Jump(Node):
    """`break` or `continue`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Include(Node):
    """`{{template "name" pipeline}}`."""

    name: str
    pipe: Pipe | None


def short(node: Node) -> str:
    """As Go cuts what it names in errors."""
    written = str(node)
    return written if len(written) <= 20 else f"{written[:20]}..."


def last(node: Node) -> str:
    """The name of the field that it comes to."""
    return node.names[-1] if isinstance(node, Fields) else str(node)
