"""Scripts of the user's own: Lua that returns names and numbers, run on the server."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha1
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from kvmon.model.conversation import Answer, Conversation, Refusal, Reply, expect
from kvmon.model.metrics.catalogue import scripts as rows
from kvmon.model.metrics.sample import Sample
from kvmon.options import Options, Seconds
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.server import Server
from kvmon.watch.collectors.shapes import number

FAILED, RAN, EMPTY = 0, 1, 2
"""What became of a script, in redis_exporter's numbers."""

LONGEST = 200
"""Characters of a name that are shown."""

When = Literal["where-possible", "always", "never"]


class Script(Options):
    """One script: it gets no keys and no arguments, and returns a list of names and numbers in turn."""

    name: Annotated[str, Field(min_length=1)]
    """What it is called in the label `filename`."""
    lua: Annotated[str, Field(min_length=1)]
    """Its text; `${file:/path}` takes it from a file."""


class Scripts(Collector):
    """Lua scripts of your own (EVAL_RO, EVAL): `redis_script_values`; none unless named. A slow one holds up all clients.

    `read_only: always` asks only servers that can run scripts which may not write (7.0), `never` lets them write.
    At most `most` numbers of a script are shown.
    """

    name: ClassVar[str] = "scripts"
    asks: ClassVar[tuple[str, ...]] = ("eval", "evalsha", "eval_ro", "evalsha_ro")

    every: Seconds = 60.0
    run: tuple[Script, ...] = ()
    read_only: When = "where-possible"
    most: Annotated[int, Field(ge=1, le=10_000)] = 100

    def first(self) -> str:
        """The process that has seen the scripts: none yet."""
        return ""

    def needs(self, server: Server) -> bool:
        """Scripts that may not write came with 7.0; a Sentinel runs none."""
        return bool(self.run) and server.mode != "sentinel" and (self.read_only != "always" or _knows_read_only(server))

    def rights(self, server: Server) -> tuple[str, ...]:
        """See Collector; what a script asks itself is not among them."""
        return ("evalsha_ro", "eval_ro") if self._reads(server) else ("evalsha", "eval")

    def ask(self, server: Server, memory: str) -> Conversation[str]:
        """By digest where the process has seen them, else, or where it has forgotten one, with their text."""
        short, long = self.rights(server)
        if memory == server.run_id and memory:
            asked = yield [(short.upper(), _digest(script.lua), 0) for script in self.run]
        else:
            asked = [Refusal("NOSCRIPT", "")] * len(self.run)
        found = dict(enumerate(asked))
        unknown = [place for place, reply in found.items() if isinstance(reply, Refusal) and reply.code == "NOSCRIPT"]
        if unknown:
            replies = yield [(long.upper(), self.run[place].lua, 0) for place in unknown]
            found.update(zip(unknown, replies, strict=True))
        for reply in found.values():
            if isinstance(reply, Refusal) and reply.reason in ("noperm", "unknown_command") and "script" not in reply.text:
                expect(long.upper(), reply)  # it is not the script that was refused
        samples = [sample for place, script in enumerate(self.run) for sample in self._samples(script, found[place])]
        return Answer(samples, server.run_id)

    def _reads(self, server: Server) -> bool:
        return self.read_only != "never" and _knows_read_only(server)

    def _samples(self, script: Script, reply: Reply) -> Iterator[Sample]:
        if not isinstance(reply, list) or len(reply) % 2:
            yield Sample(rows.RESULT, FAILED if reply is not None else EMPTY, (script.name,))
            return
        numbers = {_text(name): number(value) for name, value in zip(reply[::2], reply[1::2], strict=True)}
        failed = any(value is None for value in numbers.values())
        yield Sample(rows.RESULT, FAILED if failed else RAN if numbers else EMPTY, (script.name,))
        for name, value in list(numbers.items())[: self.most]:
            if value is not None:
                yield Sample(rows.VALUE, value, (name, script.name))


def _knows_read_only(server: Server) -> bool:
    return server.version >= (7,)


def _digest(lua: str) -> str:
    return sha1(lua.encode(), usedforsecurity=False).hexdigest()


def _text(reply: Reply) -> str:
    return (reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply))[:LONGEST]
