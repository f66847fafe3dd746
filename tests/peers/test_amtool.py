"""amtool works against kvmon's door."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from kvmon.clock import SystemClock
from kvmon.config.alerting import Alerting
from kvmon.daemon.notifying import NotifyLoop
from kvmon.tell.notify.matchers import Matcher
from kvmon.tell.notify.silences import Silence
from kvmon.tell.server.app import make_app
from kvmon.tell.server.options import WebOptions
from tests.servers.kinds import tool
from tests.tell.notify.running import notice, routing_of, running
from tests.tell.server.seen import Seen, seen

CONFIGURATION = """
route:
  receiver: team
  group_by: [alertname]
  routes:
  - {receiver: pages, matchers: [severity=page], mute_time_intervals: [long ago]}
time_intervals:
- name: long ago
  time_intervals:
  - years: ['1999:2001']
    weekdays: ['monday:friday']
    times: [{start_time: '22:00', end_time: '24:00'}]
    location: Europe/Berlin
inhibit_rules:
- {source_matchers: [alertname=Down], target_matchers: [alertname=Lag], equal: [target]}
receivers:
- name: team
  webhook_configs: [{url: "http://127.0.0.1:1/SECRET"}]
- name: pages
"""


class Door:
    """kvmon's door over a running notifier, and amtool in front of it."""

    def __init__(self, loop: NotifyLoop, url: str, view: Seen) -> None:
        self.loop = loop
        self.url = url
        self.view = view

    async def amtool(self, *words: str, code: int = 0) -> str:
        command = [tool("AMTOOL"), f"--alertmanager.url={self.url}", *words]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr if code else done.stdout

    async def json(self, *words: str) -> Any:
        return json.loads(await self.amtool("-o", "json", *words))


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with running(Alerting(routing=routing_of(CONFIGURATION)), tmp_path / "state") as loop:
        await loop.take([])
        view = replace(seen(), own_notifier=loop.notifier, clock=SystemClock())
        async with TestServer(make_app(view)) as server:
            yield Door(loop, str(server.make_url("/")), view)


def names(alerts: list[dict[str, Any]]) -> set[str]:
    return {alert["labels"]["alertname"] for alert in alerts}


async def test_amtool_shows_alerts(door: Door) -> None:
    now = time.time()
    await door.loop.take(
        [
            notice(now - 60, alertname="Down", target="a", annotations={"summary": "it is down"}),
            notice(now - 60, alertname="Lag", target="a"),
            notice(now - 60, alertname="Lag", target="b"),
            notice(now - 60, alertname="Full", target="b", severity="page"),
        ]
    )
    assert names(await door.json("alert", "query")) == {"Down", "Lag", "Full"}
    assert [one["labels"]["target"] for one in await door.json("alert", "query", "alertname=Lag")] == ["b"]
    assert len(await door.json("alert", "query", "--inhibited", "alertname=~L.*")) == 1
    assert names(await door.json("alert", "query", "--receiver=pages")) == {"Full"}
    assert names(await door.json("alert", "query", 'target!~"b|c"')) == {"Down"}
    assert "it is down" in await door.amtool("alert")
    (full,) = await door.json("alert", "query", "Full")
    assert full["receivers"] == [{"name": "pages"}]
    assert full["status"]["state"] == "active"


async def test_amtool_silences_and_ends_silences(door: Door) -> None:
    await door.loop.take([notice(time.time() - 60, alertname="Lag", target="b")])
    ident = (await door.amtool("silence", "add", "alertname=Lag", "target=~a|b", "-c", "known", "-d", "1h", "-a", "me")).strip()
    (silence,) = await door.json("silence", "query")
    assert (silence["id"], silence["comment"], silence["createdBy"]) == (ident, "known", "me")
    assert silence["matchers"] == [
        {"name": "alertname", "value": "Lag", "isRegex": False, "isEqual": True},
        {"name": "target", "value": "a|b", "isRegex": True, "isEqual": True},
    ]
    assert await door.json("alert", "query") == []
    (hidden,) = await door.json("alert", "query", "--silenced")
    assert hidden["status"] == {"state": "suppressed", "silencedBy": [ident], "inhibitedBy": [], "mutedBy": []}
    assert await door.json("silence", "query", "alertname=Other") == []
    await door.amtool("silence", "update", "-d", "2h", ident)
    (silence,) = await door.json("silence", "query", "alertname=Lag")
    assert silence["id"] == ident, "changed in place"
    await door.amtool("silence", "expire", ident)
    assert await door.json("silence", "query") == []
    assert [one["id"] for one in await door.json("silence", "query", "--expired")] == [ident]
    assert len(await door.json("alert", "query")) == 1
    assert "empty string" in await door.amtool("silence", "add", "a=~.*", "-c", "no", code=1)
    assert "404" in await door.amtool("silence", "expire", "00000000-0000-4000-8000-000000000000", code=1)


async def test_amtool_shows_the_configuration_without_secrets(door: Door) -> None:
    shown = await door.amtool("config", "show")
    assert "SECRET" not in shown
    assert "pages" in shown
    assert "monday:friday" in shown
    assert "team" in await door.amtool("config", "routes", "show")
    assert (await door.amtool("config", "routes", "test", "severity=page")).strip() == "pages"


async def test_where_there_are_tokens_a_silence_needs_one(door: Door, tmp_path: Path) -> None:
    door.view.options = WebOptions(tokens=(SecretStr("a-token-of-mine"),))
    add = ("silence", "add", "alertname=Lag", "-c", "known")
    await door.amtool(*add, code=1)
    assert await door.json("silence", "query") == []
    (tmp_path / "http.yml").write_text("authorization: {credentials: a-token-of-mine}")
    ident = (await door.amtool(f"--http.config.file={tmp_path / 'http.yml'}", *add)).strip()
    await door.amtool("silence", "expire", ident, code=1)
    assert [one["id"] for one in await door.json("silence", "query")] == [ident]


async def test_silences_survive_a_restart(tmp_path: Path) -> None:
    routing = routing_of(CONFIGURATION)
    async with running(Alerting(routing=routing), tmp_path) as loop:
        await loop.take([])
        assert loop.notifier is not None
        now = time.time()
        ident = await loop.notifier.set_silence(Silence("", (Matcher("a", "b"),), now, now + 3600, "me", "why"))
    async with running(Alerting(routing=routing), tmp_path) as loop:
        await loop.take([])
        assert loop.notifier is not None
        assert loop.notifier.silenced_by({"a": "b"}) == [ident]
