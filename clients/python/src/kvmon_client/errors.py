"""The one error that reaches a caller."""

from __future__ import annotations


class BreakerOpen(Exception):
    """The call was not tried, because the breaker denies it (or lets only a part of the calls go, and not this one).

    `retry_after` in seconds; `reason` is the breaker's class of failure, `""` where the caller's own policy denied.
    """

    def __init__(self, target: str, op: str, *, shard: str = "", retry_after: float = 0.0, reason: str = "") -> None:
        self.target = target
        self.op = op
        self.shard = shard
        self.retry_after = retry_after
        self.reason = reason
        super().__init__(target, op)

    def __str__(self) -> str:
        where = f"{self.target} (shard {self.shard})" if self.shard else self.target
        return f"the breaker of {where} denies {self.op}: {self.reason or 'unknown'}; retry in {self.retry_after:g} s"
