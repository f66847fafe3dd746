"""One poll of a server that is no target: `/scrape?target=URL`."""

from __future__ import annotations

from kvmon.clock import Clock
from kvmon.config import Config
from kvmon.config.urls import read_url
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.providers import provider_of
from kvmon.model.targets.ranges import is_loopback
from kvmon.model.targets.target import Credentials, Target, Tls
from kvmon.watch.poller import NodePoller


async def scrape_elsewhere(url: str, config: Config, clock: Clock) -> Snapshot:
    """What it says to the collectors that all targets have. Raises ValueError for what is no URL."""
    parsed = read_url(url)
    target = Target(
        name="scrape",
        addresses=(parsed.address,),
        credentials=Credentials(parsed.username, parsed.password),
        tls=Tls() if parsed.tls else None,
        provider=provider_of(parsed.address.host),
        timeout=config.timeout,
        bare=True,
        guarded=not is_loopback(parsed.address.host),
    )
    poller = NodePoller(target.nodes[0], config.collectors_of(target), clock=clock)
    try:
        return await poller.poll(clock.monotonic())
    finally:
        await poller.close()
