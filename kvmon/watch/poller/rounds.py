"""Conversations in lockstep: what all collectors ask next goes into one pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kvmon.errors import TargetError
from kvmon.model.conversation import Answer, Command, Conversation, Malformed, Reply, Unsupported
from kvmon.model.snapshot import Failure
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.server import Server
from kvmon.watch.poller.link import Line

LASTING = frozenset({"noperm", "unknown_command", "error"})
"""Reasons of a refusal that would be given again."""

WHOLE: Command = ("INFO", "ALL")
SECTIONS: frozenset[Command] = frozenset({("INFO", "clients"), ("INFO", "commandstats")})
"""Questions that the reply to WHOLE answers too: beside it in a pipeline they are not sent, as INFO is what costs the server."""


class Talk:
    """One collector's conversation in this poll: `batch` is what it asks next, then either `answer` or `failure` is set."""

    __slots__ = ("_conversation", "answer", "batch", "collector", "failure", "lasting")

    def __init__(self, collector: Collector, server: Server, memory: Any) -> None:
        self.collector = collector
        self.batch: Sequence[Command] | None = None
        self.answer: Answer[Any] | None = None
        self.failure: Failure | None = None
        self.lasting = False
        self._conversation: Conversation[Any] = collector.ask(server, memory)
        self.hear(None)

    def hear(self, replies: Sequence[Reply] | None) -> None:
        """Give it the replies to its batch; None begins. A bug of a collector comes out, a refusal becomes its failure."""
        self.batch = None
        try:
            self.batch = next(self._conversation) if replies is None else self._conversation.send(replies)
        except StopIteration as end:
            self.answer = end.value
        except Unsupported as refused:
            self.lasting = refused.reason in LASTING
            self.fail(refused.reason, str(refused))
        except Malformed as strange:
            self.fail("protocol", str(strange))

    def fail(self, reason: str, message: str) -> None:
        """It ends without an answer."""
        self.batch = None
        self._conversation.close()
        self.failure = Failure(self.collector.name, reason, message)


async def converse(talks: Sequence[Talk], line: Line, *, first: bool = True) -> None:
    """Lead all to their ends. Raises TargetError if the `first` round fails; later it costs only those not yet done."""
    while pending := [talk for talk in talks if talk.batch is not None]:
        commands = [command for talk in pending for command in talk.batch or ()]
        try:
            replies = await _ask(commands, line)
        except TargetError as error:
            if first:
                raise
            for talk in pending:
                talk.fail(error.reason, str(error))
            return
        first = False
        place = 0
        for talk in pending:
            after = place + len(talk.batch or ())
            talk.hear(replies[place:after])
            place = after


async def _ask(commands: Sequence[Command], line: Line) -> Sequence[Reply]:
    """The replies to all, in their order, sending as little as possible."""
    if not commands:
        return []
    if WHOLE not in commands:
        return await line.ask(commands)
    sent = [command for command in commands if command not in SECTIONS]
    replies = await line.ask(sent)
    whole = replies[sent.index(WHOLE)]
    rest = iter(replies)
    return [whole if command in SECTIONS else next(rest) for command in commands]
