"""Queries in the texts of alerts: each is asked once for an evaluation, in slices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from kvmon.errors import EvaluationError, PromqlError
from kvmon.judge.promql import Engine, Source, Work, instant_work, parse
from kvmon.judge.rules.results import samples_of

T = TypeVar("T")


class Unasked(Exception):
    """The answer to a query is not known yet."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Questions:
    """The function `query` of templates, at a moment (ms). Raises ValueError where a query cannot be answered."""

    def __init__(self, source: Source, at: int, engine: Engine) -> None:
        self._source = source
        self._at = at
        self._engine = engine
        self._answers: dict[str, Sequence[tuple[Mapping[str, str], float]]] = {}
        self._refused: dict[str, str] = {}

    def __call__(self, text: str) -> Sequence[tuple[Mapping[str, str], float]]:
        """See Questions. Raises Unasked too."""
        if text in self._refused:
            raise ValueError(self._refused[text])
        if text not in self._answers:
            raise Unasked(text)
        return self._answers[text]

    def answered(self, fill: Callable[[], T]) -> Work[T]:
        """What `fill` comes to once all that it asks was answered."""
        while True:
            try:
                return fill()
            except Unasked as missing:
                text = missing.text
            try:
                result = yield from instant_work(parse(text), self._source, self._at, self._engine)
                self._answers[text] = [(dict(labels), value) for labels, value in samples_of(result.value)]
            except (PromqlError, EvaluationError) as error:
                self._refused[text] = str(error)
