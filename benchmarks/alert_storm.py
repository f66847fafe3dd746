"""How long thousands of alerts at once hold the event loop: `python -m benchmarks.alert_storm [--alerts 5000]`.

For one group of all, groups of fifty and each alone, while they are taken and told to a webhook and a Slack. `cpu` is what the
loop's own thread worked between two turns, `wall` also what others took from it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from kvmon.config.alerting import Alerting
from tests.servers.hook import Hook
from tests.tell.notify.running import eventually, notice, routing_of, running

TREE = """
route: {{receiver: team, group_by: {by}, group_wait: 1s, group_interval: 5m}}
inhibit_rules:
- {{source_matchers: [severity=critical], target_matchers: [severity=warning], equal: [target]}}
receivers:
- name: team
  webhook_configs: [{{url: "{url}"}}]
  slack_configs: [{{api_url: "{url}/slack"}}]
"""
WORDS = {"summary": "a replica lags behind its primary", "what_to_do": "Look at the network between the two. " * 4}


class Watch:
    """The longest that the loop was held."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        wall, cpu = time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(0)
            before = wall, cpu
            wall, cpu = time.perf_counter(), time.thread_time()
            self.wall, self.cpu = max(self.wall, wall - before[0]), max(self.cpu, cpu - before[1])


async def storm(by: str, count: int, label: str) -> None:
    with Hook() as hook, TemporaryDirectory() as folder:
        async with running(Alerting(routing=routing_of(TREE.format(by=by, url=hook.url))), Path(folder)) as loop:
            await loop.take([])
            notifier = loop.notifier
            if notifier is None:
                raise RuntimeError("there is a configuration")
            many = [
                notice(
                    time.time(), alertname="Lag", severity="warning", target=f"t{number // 50}", n=str(number), annotations=WORDS
                )
                for number in range(count)
            ]
            watch = Watch()
            watching = asyncio.create_task(watch.run())
            began = time.perf_counter()
            await loop.take(many)
            held = time.perf_counter() - began
            await eventually(lambda: notifier.dispatcher.told and not len(notifier.courier.outbox), within=600)
            watching.cancel()
    print(
        f"{label:>20}: held in {held * 1000:.0f} ms, {len(hook.got)} messages; "
        f"the loop held at most {watch.cpu * 1000:.1f} ms cpu, {watch.wall * 1000:.1f} ms wall"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--alerts", type=int, default=5000)
    count = parser.parse_args().alerts
    gc.disable()  # as the daemon does: it collects when nothing waits for it
    for by, label in (("[alertname]", "one group"), ("[target]", "groups of fifty"), ("['...']", "each alone")):
        asyncio.run(storm(by, count, label))


if __name__ == "__main__":
    main()
