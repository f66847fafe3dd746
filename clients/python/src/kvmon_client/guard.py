"""`guard()`: ask before a call, and count what came of it. A context manager and a decorator, for threads and for tasks."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from kvmon_client.classify import outcome_of
from kvmon_client.errors import BreakerOpen
from kvmon_client.verdict import Verdict

P = ParamSpec("P")
R = TypeVar("R")


class Breakers(Protocol):
    """What a guard asks, and tells: a client."""

    def allow(self, target: str, op: str, *, shard: str | None, key: str | bytes | None) -> bool:
        """Whether to try."""

    def verdict(self, target: str, op: str, *, shard: str | None, key: str | bytes | None) -> Verdict:
        """Why not."""

    def record(  # noqa: PLR0913 - a row of a report
        self, target: str, op: str, outcome: str, seconds: float, *, shard: str | None, key: str | bytes | None
    ) -> None:
        """What came of it."""


class Guard:
    """Made by `guard()`. Entering raises BreakerOpen where the breaker denies, and nothing else."""

    __slots__ = ("_breakers", "_key", "_op", "_shard", "_since", "_target")

    def __init__(self, breakers: Breakers, target: str, op: str, shard: str | None, key: str | bytes | None) -> None:
        self._breakers = breakers
        self._target = target
        self._op = op
        self._shard = shard
        self._key = key
        self._since = 0.0

    def __enter__(self) -> None:
        if not self._breakers.allow(self._target, self._op, shard=self._shard, key=self._key):
            raise self._refusal()
        self._since = time.perf_counter()

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None) -> None:
        outcome = "ok" if error is None else outcome_of(error)
        if outcome is not None:
            seconds = time.perf_counter() - self._since
            self._breakers.record(self._target, self._op, outcome, seconds, shard=self._shard, key=self._key)

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, guarded at each call; a coroutine function stays one."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def guarded_coroutine(*args: P.args, **kwargs: P.kwargs) -> Any:
                with self._again():
                    return await function(*args, **kwargs)

            return cast("Callable[P, R]", guarded_coroutine)

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            with self._again():
                return function(*args, **kwargs)

        return guarded

    def _again(self) -> Guard:
        """One for each call: calls overlap."""
        return Guard(self._breakers, self._target, self._op, self._shard, self._key)

    def _refusal(self) -> BreakerOpen:
        verdict = self._breakers.verdict(self._target, self._op, shard=self._shard, key=self._key)
        return BreakerOpen(
            self._target, self._op, shard=verdict.shard, retry_after=verdict.retry_after_ms / 1000, reason=verdict.reason_class
        )
