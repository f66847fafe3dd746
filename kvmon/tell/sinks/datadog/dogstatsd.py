"""Through DogStatsD: the `datadog` library's client, set so that nothing waits and every loss it knows of is counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from math import isfinite
from typing import Any, NoReturn

from datadog.dogstatsd.base import DogStatsd
from datadog.dogstatsd.sender_queue import payload_text

from kvmon.clock import Clock
from kvmon.model.metrics.sample import Sample
from kvmon.tell.sinks.datadog.options import DatadogOptions, read_destination
from kvmon.tell.sinks.datadog.outlet import tallied
from kvmon.tell.sinks.datadog.point import Event, Form, Point, ServiceCheck
from kvmon.tell.sinks.datadog.tags import clean

QUEUE = 4096
"""Packets that wait while the Agent is slow; then the oldest goes."""

NEVER = 10**9
"""Seconds between the library's own metrics about itself: they would be sent beside ours, and reset its counters."""

PARTING = 1.0
"""Seconds that packets have to leave when we end."""

TEXT = 4000
"""Characters of an event's text, as over the API; a packet holds 8192."""


class DogStatsdOutlet:
    """Sends from a thread of its own; handing something over costs some microseconds and never waits for the network.

    A client of its own: the library's process-wide one is left alone.
    """

    def __init__(self, options: DatadogOptions, *, clock: Clock) -> None:
        place = read_destination(options.dogstatsd or "udp://127.0.0.1")
        where = {"socket_path": place.path} if place.path else {"host": place.host, "port": place.port}
        self.paced = not place.path
        self._stamped = options.timestamps
        self._taken = 0
        self._client = _Client(
            clock,
            **where,
            constant_tags=[clean(tag) for tag in options.tags],
            disable_buffering=False,
            disable_aggregation=True,
            disable_background_sender=False,
            sender_queue_size=QUEUE,
            sender_queue_timeout=0,
            socket_timeout=1,
            telemetry_min_flush_interval=NEVER,
        )

    def send(self, point: Point, at: float) -> None:
        """See Outlet."""
        if not isfinite(point.value):
            self._client.results["not_a_number"] += 1
            return
        if point.form is Form.HISTOGRAM:
            self._client.histogram(point.name, point.value, tags=list(point.tags))
        elif self._stamped:
            self._client.gauge_with_timestamp(point.name, point.value, int(at), tags=list(point.tags))
        else:
            self._client.gauge(point.name, point.value, tags=list(point.tags))
        self._taken += 1

    def check(self, check: ServiceCheck, at: float) -> None:
        """See Outlet."""
        self._client.service_check(
            check.name,
            int(check.status),
            tags=list(check.tags),
            timestamp=int(at),
            message=check.message.replace("|", "/")[:500] or None,
        )
        self._taken += 1

    def event(self, event: Event, at: float) -> None:
        """See Outlet."""
        self._client.event(
            event.title[:100],
            event.text[:TEXT],
            alert_type=event.alert_type,
            aggregation_key=event.aggregation_key.replace("|", "/")[:100],
            source_type_name="redis",
            date_happened=int(at),
            tags=list(event.tags),
        )
        self._taken += 1

    async def end_push(self) -> None:
        """See Outlet: the library sends by itself. Waits for it a moment, so that what follows a push is after it."""
        await asyncio.to_thread(self._client.wait_for_pending, PARTING)

    @property
    def results(self) -> Counter[str]:
        """See RESULTS."""
        return self._client.results

    @property
    def waiting(self) -> int:
        """Lines that wait to be sent."""
        done = sum(count for result, count in self.results.items() if result != "not_a_number")
        return max(0, self._taken - done)

    def samples(self) -> list[Sample]:
        """See Outlet."""
        return tallied(self.results, waiting=self.waiting, last_success=self._client.last_success)

    async def run(self) -> NoReturn:
        """See Outlet: a thread does it."""
        while True:
            await asyncio.Event().wait()

    async def close(self) -> None:
        """See Outlet."""
        await asyncio.to_thread(self._client.stop, timeout=PARTING)


class _Client(DogStatsd):
    """Counts the lines of packets, where the library counts packets. Called in its thread."""

    def __init__(self, clock: Clock, **options: Any) -> None:
        self.results: Counter[str] = Counter()
        self.last_success: float | None = None
        self._clock = clock
        super().__init__(**options)

    def _xmit_packet(self, packet: str, is_telemetry: bool, queue_mode: bool = False) -> bool | None:  # noqa: FBT001, FBT002 - the library's
        sent: bool | None = super()._xmit_packet(packet, is_telemetry, queue_mode=queue_mode)
        if sent:
            self.last_success = self._clock.time()
        if sent is not None:
            self.results["sent" if sent else "socket"] += packet.count("\n")
        return sent

    def _account_dropped_queue_full(self, item: Any) -> None:
        super()._account_dropped_queue_full(item)
        self.results["overflow"] += payload_text(item).count("\n")

    def _account_dropped_expired(self, item: Any) -> None:
        super()._account_dropped_expired(item)
        self.results["expired"] += payload_text(item).count("\n")

    def _account_dropped_writer(self, item: Any) -> None:
        super()._account_dropped_writer(item)
        self.results["socket"] += payload_text(item).count("\n")
