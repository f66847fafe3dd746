"""The cold probe: a fresh connection, as an application that starts makes it, timed step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kvmon.clock import Clock
from kvmon.errors import TargetError
from kvmon.model.conversation import Refusal
from kvmon.model.metrics.catalogue import probes as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.target import Node, Probe
from kvmon.watch.probes.tally import Tally
from kvmon.watch.wire import stages
from kvmon.watch.wire.timed import TimedConnection

EVERY = 25.0
"""Seconds between fresh connections: making them is dear, and some providers limit how many."""


@dataclass(frozen=True, slots=True)
class Cold:
    """What came of it. `steps` are seconds of dns, tcp, tls, auth and ping; `step` is where it ended, `outcome` how.

    `expires` is the wall time at which the certificate ends, where that is known.
    """

    ok: bool
    outcome: str
    step: str
    steps: dict[str, float]
    expires: float | None = None
    why: str = ""


async def cold(node: Node, timeout: float, *, clock: Clock) -> Cold:  # noqa: ASYNC109 - a bound of the whole
    """Connect, sign in, PING and leave, within so many seconds."""
    link = TimedConnection(node, clock=clock)
    begun = clock.monotonic()
    try:
        await link.connect(timeout)
        link.begin("ping")
        (pong,) = await link.ask([("PING",)], max(0.05, timeout - (clock.monotonic() - begun)))
        link.end()
    except TargetError as error:
        expires = await _of_refused(node, timeout) if link.step == "tls" else None
        return Cold(ok=False, outcome=error.reason, step=link.step, steps=link.steps, expires=expires, why=str(error))
    finally:
        link.drop()
    # Whatever it says: it took the connection and answers.
    outcome = pong.reason if isinstance(pong, Refusal) else "ok"
    return Cold(ok=True, outcome=outcome, step="ping", steps=link.steps, expires=link.expires)


async def _of_refused(node: Node, seconds: float) -> float | None:
    """When the certificate ends that was not accepted: it may be because it has."""
    tls, address = node.target.tls, node.address
    if tls is None or address.path:
        return None
    try:
        shown = await stages.shake(address.host, address.port, tls, tls.server_name or address.host, seconds)
    except (OSError, TargetError):
        return None
    return shown.certificate.until or None if shown.certificate is not None else None


class ColdProbe:
    """Tries one node now and then, and counts in its `tally`."""

    def __init__(self, node: Node, options: Probe, tally: Tally, *, clock: Clock, phase: float) -> None:
        self.node = node
        self.latest: Cold | None = None
        self._options = options
        self._tally = tally
        self._clock = clock
        self._running = False
        self._due = clock.monotonic() + 1.0 + EVERY * phase

    def due(self, now: float) -> bool:
        """Whether it is time for the next one."""
        return now >= self._due and not self._running

    def hasten(self, now: float) -> None:
        """Something failed: it is time now, unless one was just made."""
        if self._due - now < EVERY - 1.0:
            self._due = now

    async def probe(self) -> Cold:
        """One fresh connection."""
        self._running, self._due = True, self._clock.monotonic() + EVERY
        try:
            found = await cold(self.node, self._options.timeout, clock=self._clock)
        finally:
            self._running = False
        for step, seconds in found.steps.items():
            self._tally.time(step, seconds)
        self._tally.count("connect", found.outcome, ok=found.ok)
        before, self.latest = self.latest, found
        if found.expires is None and before is not None and before.expires is not None:
            self.latest = replace(found, expires=before.expires)
        return self.latest

    def samples(self) -> list[Sample]:
        """When the certificate ends."""
        if self.latest is None or self.latest.expires is None:
            return []
        return [Sample(rows.EXPIRY, self.latest.expires, (self.node.target.name, self.node.instance))]
