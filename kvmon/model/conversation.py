"""How a collector asks: it yields batches of commands, is sent their replies, and returns what it learned."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar, Union

from kvmon.model.metrics.sample import Sample

Argument = str | bytes | int
Command = tuple[Argument, ...]
"""One command: `("SLOWLOG", "GET", 128)`."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error reply, in its place among the replies. `code` is its first word (`NOPERM`, `ERR`), `text` all of it."""

    code: str
    text: str

    @property
    def reason(self) -> str:
        """The word for it in labels and verdicts, one of reasons.REASONS; `error` for what says nothing more."""
        lowered = self.text.lower()
        if self.code == "ERR" and ("unknown" in lowered and ("command" in lowered or "subcommand" in lowered)):
            return "unknown_command"
        return _REASONS.get(self.code, "error")

    @property
    def lasting(self) -> bool:
        """Whether asking again on the same connection would be answered the same way."""
        return self.reason in ("noperm", "unknown_command", "error")


_REASONS = {
    "NOPERM": "noperm", "NOAUTH": "auth", "WRONGPASS": "auth", "LOADING": "loading", "BUSY": "busy",
    "MASTERDOWN": "masterdown", "CLUSTERDOWN": "clusterdown", "OOM": "oom", "READONLY": "readonly", "MISCONF": "misconf",
    "NOREPLICAS": "noreplicas",
}  # fmt: skip

Reply = Union[None, int, float, bool, bytes, str, Refusal, list["Reply"]]  # noqa: UP007 - a string cannot stand beside `|`
"""What the wire gives for a command: RESP2 with bytes undecoded; maps are flat lists of keys and values."""

Memory = TypeVar("Memory")


class Answer(NamedTuple, Generic[Memory]):
    """What a conversation comes to: samples, and what the collector wants to remember until the next time."""

    samples: Sequence[Sample]
    memory: Memory


Conversation = Generator[Sequence[Command], Sequence[Reply], Answer[Memory]]
"""Yield batches of commands, receive their replies in the same order, return an Answer."""


class Unsupported(Exception):
    """A collector cannot work here and says why: the poller switches it off for this connection and reports it.

    `reason` is a word of reasons.REASONS, `message` names the command and the server's answer.
    """

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


def expect(command: str, reply: Reply) -> Reply:
    """The reply, unless it is a Refusal: then raises Unsupported with its reason and the server's words."""
    if isinstance(reply, Refusal):
        raise Unsupported(reply.reason, f"{command}: {reply.text}")
    return reply


class Malformed(ValueError):
    """A reply is not shaped as its command's documentation says; the message names command, place and what came."""
