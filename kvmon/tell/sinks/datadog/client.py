"""The `datadog` library's client, set so that nothing waits and every loss it knows of is counted."""

from __future__ import annotations

from math import isfinite

from datadog.dogstatsd.base import DogStatsd

from kvmon.tell.sinks.datadog.options import DatadogOptions, read_destination
from kvmon.tell.sinks.datadog.point import Form, Point, ServiceCheck
from kvmon.tell.sinks.datadog.tags import clean

QUEUE = 4096
"""Packets that wait while the Agent is slow; then the oldest goes."""

NEVER = 10**9
"""Seconds between the library's own metrics about itself: they would be sent beside ours, and reset its counters."""

PARTING = 1.0
"""Seconds that packets have to leave when we end."""


class Client:
    """Sends points from a thread of its own; handing one over costs some microseconds and never waits for the network.

    A client of its own: the library's process-wide one is left alone.
    """

    def __init__(self, options: DatadogOptions) -> None:
        place = read_destination(options.dogstatsd or "udp://127.0.0.1")
        where = {"socket_path": place.path} if place.path else {"host": place.host, "port": place.port}
        self.paced = not place.path
        """Whether packets are lost unseen when they come in bursts."""
        self.points = 0
        self.refused = 0
        self._client = DogStatsd(
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

    def send(self, point: Point) -> None:
        """Hand over one point. A value that is no number is left out and counted."""
        if not isfinite(point.value):
            self.refused += 1
            return
        hand = self._client.histogram if point.form is Form.HISTOGRAM else self._client.gauge
        hand(point.name, point.value, tags=list(point.tags))
        self.points += 1

    def check(self, check: ServiceCheck) -> None:
        """Hand over one service check."""
        self._client.service_check(
            check.name, int(check.status), tags=list(check.tags), message=check.message.replace("|", "/")[:500] or None
        )

    @property
    def sent(self) -> int:
        """Packets that the kernel took."""
        return int(self._client.packets_sent)

    @property
    def dropped(self) -> dict[str, int]:
        """Packets that were lost, by where: no room in the queue, too old, not taken by the socket."""
        return {
            "queue": int(self._client.packets_dropped_queue),
            "expired": int(getattr(self._client, "packets_dropped_expired", 0)),
            "socket": int(self._client.packets_dropped_writer),
        }

    def close(self) -> None:
        """Send what is there, at most for a moment. Blocks: to be called in a thread."""
        self._client.stop(timeout=PARTING)
