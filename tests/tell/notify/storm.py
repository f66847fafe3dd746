"""A process that is killed again and again: alerts that fire and are resolved, step by step, through the deliver loop.

`python -m tests.tell.notify.storm STATE_DIR URL ALERTS`. The number of the last step is written in the transaction that takes its
alerts: what came before is never told again. Ends with 0 when everything was told and delivered.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from kvmon.config.alerting import Alerting
from kvmon.daemon.notifying import NotifyLoop
from kvmon.model.alert import Notice
from kvmon.tell.notify import outbox
from kvmon.tell.notify.fingerprint import fingerprint
from tests.tell.notify.running import eventually, notice, routing_of, running

CONFIGURATION = """
route: {{receiver: team, group_by: [batch], group_wait: 0s, group_interval: 20ms, repeat_interval: 1h}}
receivers:
- name: team
  webhook_configs: [{{url: "{url}", timeout: 500ms}}]
"""

BATCH = 2
LAST = "SELECT coalesce(max(cast(value AS INTEGER)), -1) FROM cursors WHERE name = 'storm'"


def alert(number: int) -> Notice:
    return notice(1_700_000_000.0, ends_at=4_000_000_000.0, alertname="Storm", number=str(number), batch=str(number // BATCH))


def ended(number: int) -> Notice:
    one = alert(number)
    return Notice(one.labels, one.annotations, one.starts_at, time.time() - 0.001)


def steps(count: int) -> Iterator[tuple[bool, int]]:
    """Whether a batch fires, or is resolved, and its first number; a few batches fire at a time."""
    batches = range(0, count, BATCH)
    for index, first in enumerate(batches):
        yield True, first
        if index >= 3:
            yield False, batches[index - 3]
    for first in batches[-3:]:
        yield False, first


async def main(state_dir: Path, url: str, count: int) -> None:
    outbox.FIRST, outbox.LONGEST = 0.01, 0.1
    async with running(Alerting(routing=routing_of(CONFIGURATION.format(url=url))), state_dir) as loop:
        await loop.take([])
        assert loop.notifier is not None
        ((last,),) = await loop._journal.read(LAST)
        for number, (fires, first) in enumerate(steps(count)):
            if number > last:
                await step(loop, number, fires, range(first, min(count, first + BATCH)))
        notifier = loop.notifier
        await eventually(lambda: not notifier.dispatcher.alerts and not len(notifier.courier.outbox), within=200)


async def step(loop: NotifyLoop, number: int, fires: bool, numbers: range) -> None:
    def also(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT OR REPLACE INTO cursors (name, value) VALUES ('storm', ?)", (str(number),))

    if not fires:
        # As in Alertmanager, an alert that is over before its group is told of is no news: so it lives that long.
        idents = {fingerprint(alert(one).labels) for one in numbers}
        assert loop.notifier is not None
        told = loop.notifier.dispatcher.told
        await eventually(lambda: any(idents <= each.firing for each in told.values()))
    await loop.take([alert(one) if fires else ended(one) for one in numbers], also)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
