"""What a query says, as frozen values. Durations and times are milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Match(StrEnum):
    """How a matcher compares."""

    EQUAL = "="
    UNEQUAL = "!="
    LIKE = "=~"
    UNLIKE = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label. A label that is missing has the empty value."""

    name: str
    op: Match
    value: str


Matchers: TypeAlias = tuple[Matcher, ...]


class Anchor(StrEnum):
    """Where `@` points to, other than a time."""

    START = "start"
    END = "end"


At: TypeAlias = int | Anchor | None


@dataclass(frozen=True, slots=True, eq=False)
class Selector:
    """Series by their labels. `range` is 0 for the latest value, else how far back values are taken."""

    matchers: Matchers
    offset: int = 0
    at: At = None
    range: int = 0

    @property
    def name(self) -> str:
        """The metric's name where the selector gives it exactly, else empty."""
        return next((each.value for each in self.matchers if each.name == "__name__" and each.op is Match.EQUAL), "")


@dataclass(frozen=True, slots=True, eq=False)
class Subquery:
    """The values that an expression had. `step` 0 stands for the evaluation interval."""

    expr: Expr
    range: int
    step: int = 0
    offset: int = 0
    at: At = None


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A literal number."""

    value: float


@dataclass(frozen=True, slots=True, eq=False)
class String:
    """A literal text."""

    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Paren:
    """Parentheses."""

    expr: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Minus:
    """The negative of an expression."""

    expr: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A function with its arguments."""

    name: str
    args: tuple[Expr, ...]
    places: tuple[str, ...] = ()
    """Line and column of each argument, as `1:6`, for remarks."""


@dataclass(frozen=True, slots=True, eq=False)
class Aggregation:
    """Many series to one for each group."""

    op: str
    expr: Expr
    param: Expr | None
    names: tuple[str, ...]
    without: bool
    place: str = ""


class Card(StrEnum):
    """How many series of each side may match."""

    ONE_TO_ONE = "one-to-one"
    MANY_TO_ONE = "many-to-one"
    ONE_TO_MANY = "one-to-many"
    MANY_TO_MANY = "many-to-many"


@dataclass(frozen=True, slots=True, eq=False)
class Binary:
    """Two expressions and an operator. `on` tells whether `names` are those to match by or those to leave out."""

    op: str
    left: Expr
    right: Expr
    card: Card = Card.ONE_TO_ONE
    on: bool = False
    names: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    bool: bool = False


Expr: TypeAlias = Selector | Subquery | Number | String | Paren | Minus | Call | Aggregation | Binary


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Query:
    """A parsed query: its text and what it says. What is remembered for it lives as long as it does."""

    text: str
    expr: Expr


def children(expr: Expr) -> Iterator[Expr]:
    """The expressions an expression is made of, in their order in the text."""
    match expr:
        case Subquery() | Paren() | Minus():
            yield expr.expr
        case Call():
            yield from expr.args
        case Aggregation():
            if expr.param is not None:
                yield expr.param
            yield expr.expr
        case Binary():
            yield expr.left
            yield expr.right
        case _:
            return


def plain(expr: Expr) -> Expr:
    """The expression without parentheses around it."""
    while isinstance(expr, Paren):
        expr = expr.expr
    return expr
