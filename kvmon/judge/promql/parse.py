"""From text to tree: the promql-parser library behind guards, so that nothing a user writes ends the daemon."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache
from typing import Any

import promql_parser as library

from kvmon.errors import PromqlError
from kvmon.judge.promql import lexer
from kvmon.judge.promql.regex import anchored
from kvmon.judge.promql.signatures import AGGREGATIONS, NATIVE, STABLE
from kvmon.judge.promql.tree import (
    Aggregation,
    Anchor,
    At,
    Binary,
    Call,
    Card,
    Expr,
    Match,
    Matcher,
    Matchers,
    Minus,
    Number,
    Paren,
    Query,
    Selector,
    String,
    Subquery,
)


@lru_cache(maxsize=64)
def parse(text: str) -> Query:
    """The query. Raises PromqlError with the parser's own words for what is no PromQL, and for what kvmon leaves out."""
    found = lexer.guard(text)
    try:
        given, patterns = _prepared(found)
        tree = library.parse(given)
        return Query(text, _Reading(patterns, _Places(text, found)).expr(tree))
    except PromqlError:
        raise
    except ValueError as error:
        raise PromqlError(str(error)) from None
    except RecursionError:
        raise PromqlError("the query is nested too deeply") from None
    except BaseException as error:  # the library's panics are no Exceptions
        if type(error).__name__ != "PanicException":
            raise
        raise PromqlError("the parser gave up on this query") from None


_STAND_IN = re.compile(r"\(kvmon_(\d+)\)[?+]")


def _prepared(found: list[lexer.Token]) -> tuple[str, list[str]]:
    """The text as the library understands it.

    Its own regular expressions differ from Prometheus': each is checked by RE2 and a stand-in is parsed, one that matches the
    empty text if and only if the original does. Raw strings become quoted ones.
    """
    out: list[str] = []
    patterns: list[str] = []
    before = ""
    for token in found:
        piece = token.text
        if token.kind == "text":
            if piece[0] == "`":
                piece = _quoted(piece[1:-1])
            if before in ("=~", "!~"):
                pattern = _string(piece)
                mark = "?" if anchored(pattern).match("") else "+"
                piece = f'"(kvmon_{len(patterns)}){mark}"'
                patterns.append(pattern)
        out.append(piece)
        if token.kind not in ("space", "comment"):
            before = token.text
    return "".join(out), patterns


def _quoted(raw: str) -> str:
    return '"' + raw.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _string(piece: str) -> str:
    literal: Any = library.parse(piece)
    return str(literal.val)


class _Places:
    """Where the arguments of calls and aggregations begin, in the order in which they stand in the text."""

    def __init__(self, text: str, found: list[lexer.Token]) -> None:
        self._text = text
        self._solid = [token for token in found if token.kind not in ("space", "comment")]
        self._next = 0

    def of(self, name: str) -> tuple[str, ...]:
        """The places of the arguments of the next call of this name."""
        for index in range(self._next, len(self._solid)):
            if self._solid[index].text.lower() == name and (opening := self._opening(index + 1)) is not None:
                self._next = index + 1
                return tuple(lexer.place(self._text, at) for at in self._arguments(opening))
        return ("",) * 3

    def _opening(self, index: int) -> int | None:
        """Where the parenthesis of the arguments is; the grouping of an aggregation may come first."""
        solid = self._solid
        if index < len(solid) and solid[index].text.lower() in ("by", "without"):
            while index < len(solid) and solid[index].text != ")":
                index += 1
            index += 1
        return index if index < len(solid) and solid[index].text == "(" else None

    def _arguments(self, opening: int) -> list[int]:
        places = []
        depth = 0
        begins = False
        for token in self._solid[opening:]:
            if begins:
                places.append(token.at)
            sign = token.text if token.kind == "sign" else ""
            depth += (sign in ("(", "[", "{")) - (sign in (")", "]", "}"))
            begins = depth == 1 and (sign == "," or (sign == "(" and not places))
            if depth == 0:
                break
        return places


class _Reading:
    """Turns the library's nodes into ours, once: each access to one of them makes a copy."""

    def __init__(self, patterns: list[str], places: _Places) -> None:
        self._patterns = patterns
        self._places = places

    def expr(self, node: Any) -> Expr:  # noqa: C901, PLR0911 - one for each kind
        match node:
            case library.NumberLiteral():
                return Number(node.val)
            case library.StringLiteral():
                return String(node.val)
            case library.VectorSelector():
                return self._selector(node, 0)
            case library.MatrixSelector():
                return self._selector(node.vector_selector, _ms(node.range))
            case library.SubqueryExpr():
                step = _ms(node.step) if node.step is not None else 0
                return Subquery(self.expr(node.expr), _ms(node.range), step, _ms(node.offset), _at(node.at))
            case library.ParenExpr():
                return Paren(self.expr(node.expr))
            case library.UnaryExpr():
                return Minus(self.expr(node.expr))
            case library.Call():
                return self._call(node)
            case library.AggregateExpr():
                return self._aggregation(node)
            case library.BinaryExpr():
                return self._binary(node)
            case _:
                raise PromqlError(f"kvmon does not evaluate {type(node).__name__}")

    def _selector(self, node: Any, reach: int) -> Selector:
        if node.matchers.or_matchers:
            raise PromqlError("kvmon does not evaluate `or` between matchers: Prometheus has no such thing")
        matchers = [self._matcher(each) for each in node.matchers.matchers]
        if node.name is not None:
            matchers.insert(0, Matcher("__name__", Match.EQUAL, node.name))
        return Selector(tuple(matchers), _ms(node.offset), _at(node.at), reach)

    def _matcher(self, node: Any) -> Matcher:
        op = _OPS[str(node.op).rpartition(".")[2]]
        value = node.value
        if op in (Match.LIKE, Match.UNLIKE) and (found := _STAND_IN.fullmatch(value)):
            value = self._patterns[int(found[1])]
        return Matcher(node.name, op, value)

    def _call(self, node: Any) -> Call:
        name = node.func.name
        if name in NATIVE:
            raise PromqlError(f"{name}() is for native histograms, which kvmon does not evaluate")
        if name not in STABLE:
            raise PromqlError(f"{name}() is experimental in Prometheus 3.5 or unknown to it: kvmon evaluates what is stable")
        places = self._places.of(name)
        return Call(name, tuple(self.expr(arg) for arg in node.args), places)

    def _aggregation(self, node: Any) -> Aggregation:
        op = str(node.op)
        if op not in AGGREGATIONS:
            raise PromqlError(f"{op}() is experimental in Prometheus 3.5: kvmon evaluates what is stable")
        place = self._places.of(op)[0]
        param = self.expr(node.param) if node.param is not None else None
        names = tuple(node.modifier.labels) if node.modifier is not None else ()
        without = node.modifier is not None and node.modifier.type == library.AggModifierType.Without
        return Aggregation(op, self.expr(node.expr), param, names, without, place)

    def _binary(self, node: Any) -> Binary:
        left, right = self.expr(node.lhs), self.expr(node.rhs)
        op, modifier = str(node.op), node.modifier
        if op not in OPERATORS:
            raise PromqlError(f"the operator {op} is experimental in Prometheus: kvmon evaluates what is stable")
        if modifier is None:
            card = Card.MANY_TO_MANY if op in SET_OPERATORS else Card.ONE_TO_ONE
            return Binary(op, left, right, card)
        fill = modifier.fill_values
        if fill is not None and (fill.lhs is not None or fill.rhs is not None):
            raise PromqlError("fill() is experimental in Prometheus: kvmon evaluates what is stable")
        matching = modifier.matching
        return Binary(
            op,
            left,
            right,
            Card.MANY_TO_MANY if op in SET_OPERATORS else _CARDS[str(modifier.card).rpartition(".")[2]],
            matching is not None and matching.type == library.LabelModifierType.Include,
            tuple(matching.labels) if matching is not None else (),
            tuple(modifier.group_labels or ()),
            modifier.return_bool,
        )


SET_OPERATORS = frozenset({"and", "or", "unless"})
COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
OPERATORS = SET_OPERATORS | COMPARISONS | {"+", "-", "*", "/", "%", "^", "atan2"}

_OPS = {"Equal": Match.EQUAL, "NotEqual": Match.UNEQUAL, "Re": Match.LIKE, "NotRe": Match.UNLIKE}
_CARDS = {"OneToOne": Card.ONE_TO_ONE, "ManyToOne": Card.MANY_TO_ONE, "OneToMany": Card.ONE_TO_MANY}


def _ms(duration: timedelta | None) -> int:
    return 0 if duration is None else duration // timedelta(milliseconds=1)


def _at(node: Any) -> At:
    if node is None:
        return None
    match str(node.type).rpartition(".")[2]:
        case "Start":
            return Anchor.START
        case "End":
            return Anchor.END
        case _:
            moment: float = node.at.timestamp()
            return round(moment * 1000)


__all__ = ["COMPARISONS", "SET_OPERATORS", "Matchers", "parse"]
