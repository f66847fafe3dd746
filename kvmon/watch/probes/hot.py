"""The hot probe: PING and GET on a connection of its own, and now and then a SET."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from kvmon.clock import Clock
from kvmon.errors import ConnectionLost, ProtocolBroken, TargetError, Timeout
from kvmon.model.conversation import Command, Refusal, Reply
from kvmon.model.evidence import Evidence, Op
from kvmon.model.targets.target import Node, Probe
from kvmon.watch.probes.canary import PREFIX, key_in, new_token, slots_of
from kvmon.watch.probes.ledger import Ledger
from kvmon.watch.probes.outcomes import CONCLUSIVE, ELSEWHERE, is_about_us
from kvmon.watch.probes.tally import Tally
from kvmon.watch.probes.thrift import CHANGES, RULES, Thrift
from kvmon.watch.probes.told import WHO, ready_in, role_of, text_of
from kvmon.watch.wire import Connection
from kvmon.watch.wire.replies import NEVER

LOOK = 10.0
"""Seconds between looks at the node's role."""

LATE = 0.25
"""Seconds after its deadline at which a silence tells more of our event loop than of the server."""


class NoEvidence(Exception):
    """The try says nothing about how the op does for others."""


class HotProbe:
    """Tries one node. Used by one task at a time.

    `role` is `primary`, `replica` or empty where the server does not say; a SET is only ever sent to a primary. `tally` counts.
    `token` tells this daemon's canaries from those of others; the nodes of a shard share it, and the `ledger` by which `lag` is
    known: how many seconds a replica is behind.
    """

    def __init__(self, node: Node, options: Probe, *, clock: Clock, token: str = "", ledger: Ledger | None = None) -> None:
        self.node = node
        self.options = options
        self.role = ""
        self.lag: float | None = None
        self.tally = Tally(node.target.name, node.instance)
        self._clock = clock
        self._link = Connection(node, clock=clock)
        self._token = token or new_token()
        self._ledger = ledger or Ledger()
        self._anywhere = PREFIX + self._token
        self._key: str | None = self._anywhere
        self._looked = -math.inf
        self._written = -math.inf
        self._may_look = self._may_read = self._may_write = True
        self._thrift = Thrift(managed="config" in node.target.provider.withholds)
        self._look = self._sparing = self._dry = False
        self._changes = ""
        self._would: Evidence | None = None
        self._ready_in: float | None = None
        self._rest: asyncio.Timeout | None = None

    def due(self, now: float) -> bool:
        """Whether it is time for the next SET."""
        return self.options.write_every is not None and now - self._written >= self.options.write_every

    async def probe(self, *, write: bool, doubt: bool = False) -> list[Evidence]:
        """One round: a read, and a write where it is wanted and allowed. What our own lateness spoiled is left out.

        Where no write is wanted the server is asked whether it would take one: a refusal, or silence, is evidence; that it would
        is not, as nothing was written. It is where a write that is wanted would have an idle server save. `doubt`: nothing but a
        write tells that writing works, and the role may have changed.
        """
        self._look, self._sparing = doubt, write and not doubt
        self._dry = self.options.write_every is not None and (not write or self._saving)
        read = await self._try("read", self._read)
        if read is not None and self._would is not None:
            read = replace(read, tainted=not self._link.connected)  # the silence about writing was waited for
        found: list[Evidence | None] = [read]
        if read is not None and self.options.write_every is not None and self._may_write:
            if not read.ok and not self._link.connected:
                # Whatever became of the connection became of writing too.
                found.append(replace(read, op="write"))
            elif write:
                found.append(await self._try_writing(read))
            else:
                found.append(self._would)
        kept = [evidence for evidence in found if evidence is not None and not self._tainted(evidence)]
        for evidence in kept:
            self.tally.count(evidence.op, evidence.outcome, ok=evidence.ok)
        return kept

    async def idle(self, seconds: float) -> None:
        """Wait until the next round is due, the server closes the connection, or `wake` is called."""
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as self._rest:
                await self._link.idle(seconds)
        self._rest = None

    def wake(self) -> None:
        """The next round is due now."""
        rest, self._rest = self._rest, None
        if rest is not None:
            rest.reschedule(0.0)

    async def close(self) -> None:
        """Close the connection."""
        await self._link.close()

    @property
    def _saving(self) -> bool:
        """Whether this round looks first whether a write would come to a save."""
        return self._sparing and self._thrift.careful

    async def _try_writing(self, read: Evidence) -> Evidence | None:
        if self.role == "replica":
            return replace(read, op="write", ok=False, outcome="readonly", conclusive=True)
        if self.role != "primary":
            return None
        self._written = self._clock.monotonic()
        would = self._would
        if would is not None and (not would.ok or self._thrift.spares(self._changes)):
            return would
        return await self._try("write", self._write)

    async def _try(self, op: Op, ask: Callable[[float], Awaitable[Refusal | None]]) -> Evidence | None:
        """Once; once more on a fresh connection where a kept one turns out to be closed."""
        reused = self._link.connected
        begun = self._clock.monotonic()
        try:
            try:
                refusal = await ask(begun + self.options.timeout)
            except (ConnectionLost, ProtocolBroken):
                if not reused:
                    raise
                self.tally.retries += 1
                begun = self._clock.monotonic()
                refusal = await ask(begun + self.options.timeout)
        except NoEvidence:
            return None
        except TargetError as error:
            return self._evidence(op, begun, error.reason)
        return self._evidence(op, begun, refusal or "ok")

    def _evidence(self, op: Op, begun: float, said: Refusal | str) -> Evidence:
        outcome, conclusive = (said.reason, said.code in CONCLUSIVE) if isinstance(said, Refusal) else (said, False)
        took, ready = self._clock.monotonic() - begun, self._ready_in if outcome == "loading" else None
        name, instance = self.node.target.name, self.node.instance
        return Evidence(name, instance, op, outcome == "ok", outcome, begun, took, conclusive, ready_in=ready)

    def _tainted(self, evidence: Evidence) -> bool:
        late = evidence.outcome == "timeout" and evidence.duration > self.options.timeout + LATE
        self.tally.tainted += late
        return late

    async def _read(self, deadline: float) -> Refusal | None:
        self._would, self.lag = None, None
        await self._connect(deadline)
        if not self._may_read:
            raise NoEvidence
        if self._looked == -math.inf and self._may_look:
            # The key may depend on who this is.
            await self._meet(await self._link.ask(self._who(), self._left(deadline)), deadline)
        pong, reply = await self._look_and_read(deadline)
        if not isinstance(reply, Refusal):
            self.tally.hits += reply is not None
            self.tally.misses += reply is None
            if self.role == "replica" and self._key is not None:
                self.lag = self._ledger.behind(self.node.target.name, self._key, text_of(reply) or None, self._clock.monotonic())
            return None  # whatever PING said: reading works
        if reply.code == "LOADING":
            self._ready_in = ready_in(text_of(*await self._link.ask([("INFO", "persistence")], self._left(deadline))))
        if not is_about_us(reply):
            return reply
        if reply.code not in ELSEWHERE:
            # PING alone is no reading. What is refused is asked for again on the next connection only.
            self._may_read = False
            raise NoEvidence
        self._looked = -math.inf
        return pong if isinstance(pong, Refusal) and not is_about_us(pong) else None

    async def _look_and_read(self, deadline: float) -> list[Reply]:
        """The replies to PING and GET, in one round trip with what else is asked."""
        key, who, begun = self._key or self._anywhere, self._questions(), self._clock.monotonic()
        # A SET of a key that is not there, to be done if it is, does nothing, and whatever stops a SET stops it: one a second
        # that does something would have the server save every few minutes.
        dry = self._dry and self._may_write and self.role == "primary"
        asked = (*who, CHANGES) if dry and self._saving else who
        commands = [("PING",), ("GET", key), *asked, *([("SET", f"{key}:none", "", "XX")] if dry else [])]
        least = 2 + len(asked)
        replies = await self._link.ask(commands, self._left(deadline), least=least if dry else NEVER)
        if len(replies) == len(commands):
            self.tally.time("get", self._clock.monotonic() - begun)
        self._changes = text_of(replies[least - 1]) if asked is not who else ""
        if dry:
            self._conclude(replies[least:], begun)
        if who and self._link.connected:
            await self._meet(replies[2 : 2 + len(who)], deadline)
        return replies[:2]

    def _conclude(self, replies: Sequence[Reply], begun: float) -> None:
        """What the answer to a SET that would do nothing, or its lack, says about writing."""
        reply = replies[0] if replies else None
        if not replies:
            self._would = self._evidence("write", begun, "timeout")
        elif not isinstance(reply, Refusal):
            self._would = self._evidence("write", begun, "ok") if self._sparing else None
        elif self._about_writing(reply):
            self._would = self._evidence("write", begun, reply)

    def _about_writing(self, refusal: Refusal) -> bool:
        """Whether it speaks of the server; if not, what follows from it for the next try."""
        if refusal.code in ELSEWHERE or refusal.code == "READONLY":
            self._looked = -math.inf
        elif is_about_us(refusal):
            self._may_write = False
        return not is_about_us(refusal)

    def _questions(self) -> tuple[Command, ...]:
        if not self._may_look:
            return ()
        if self._clock.monotonic() - self._looked >= LOOK:
            return self._who()
        return WHO[:1] if self._look else ()

    def _who(self) -> tuple[Command, ...]:
        return (*WHO, RULES) if self.options.write_every is not None and self._thrift.may_ask else WHO

    async def _write(self, deadline: float) -> Refusal | None:
        await self._connect(deadline)
        expiry = max(30, math.ceil(3 * (self.options.write_every or 0.0)))
        key, value, begun = self._key or self._anywhere, self._ledger.next(), self._clock.monotonic()
        (reply,) = await self._link.ask([("SET", key, value, "EX", expiry)], self._left(deadline))
        now = self._clock.monotonic()
        self.tally.time("set", now - begun)
        if not isinstance(reply, Refusal):
            self._thrift.wrote()
            name, writer = self.node.target.name, self.node.instance
            self._ledger.wrote(name, key, value, writer=writer, now=now, expires=now + expiry)
            return None
        if not self._about_writing(reply):
            raise NoEvidence
        return reply

    async def _connect(self, deadline: float) -> None:
        if not self._link.connected:
            begun = self._clock.monotonic()
            await self._link.connect(self._left(deadline))
            self.tally.time("connect", self._clock.monotonic() - begun)
            self._looked = -math.inf
            self._may_look = self._may_read = self._may_write = True

    def _left(self, deadline: float) -> float:
        left = deadline - self._clock.monotonic()
        if left <= 0.0:
            raise Timeout("timeout", f"{self.node}: the probe took longer than {self.options.timeout:g} s")
        return left

    async def _meet(self, told: Sequence[Reply], deadline: float) -> None:
        """Learn the node's role, and in a cluster a key of its own."""
        replication, cluster = map(text_of, (*told, None)[:2])
        self.role = role_of(replication) or self.role
        if len(told) > 1:
            self._looked = self._clock.monotonic()
        if len(told) > 2:
            self._thrift.hear(told[2])
        if "cluster_enabled:1" in cluster:
            # A replica answers with what it has instead of sending us to its primary.
            more: list[Command] = [("READONLY",)] if self.role == "replica" else []
            nodes, *_ = replies = await self._link.ask([("CLUSTER", "NODES"), *more], self._left(deadline))
            self._may_look = not any(isinstance(reply, Refusal) and is_about_us(reply) for reply in replies)
            self._key = key_in(self._token, slots_of(text_of(nodes)))
