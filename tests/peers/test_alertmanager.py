"""Beside a real Alertmanager: it takes what kvmon forwards, and kvmon's own messages are its messages, field by field."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kvmon.config.alerting import Alerting
from kvmon.daemon.notifying import NotifyLoop
from kvmon.model.alert import Notice
from tests.peers.alertmanager import alertmanager
from tests.servers.hook import Hook
from tests.tell.notify.running import eventually, notice, routing_of, running

EXTERNAL = "http://alerts.example/x"

QUIET = """
route: {receiver: nobody}
receivers: [{name: nobody}]
"""

CONFIGURATION = """
route:
  receiver: team
  group_by: [alertname, target]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 1h
  routes:
  - receiver: pages
    matchers: ['severity=~"critical|page"', 'team!=web', '{{odd="q\\"\\\\x"}}']
    group_by: ['...']
  - receiver: quiet
    match: {{severity: info}}
    group_by: []
    continue: true
  - matchers: [severity=info]
    receiver: team
inhibit_rules:
- source_matchers: [alertname="TargetDown"]
  target_matchers: [alertname!="TargetDown"]
  equal: [target]
receivers:
- name: team
  webhook_configs: [{{url: "{url}/team"}}]
- name: pages
  webhook_configs: [{{url: "{url}/pages", max_alerts: 1}}]
- name: quiet
  webhook_configs: [{{url: "{url}/quiet", send_resolved: false}}]
"""


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.loads(answer.read())


def has(url: str, count: int) -> bool:
    return len(get(f"{url}/api/v2/alerts")) == count


def got_so_many(hook: Hook, count: int) -> bool:
    return len(hook.got) >= count


def values(loop: NotifyLoop, name: str) -> dict[str, float]:
    """The samples of a metric by their first label."""
    return {sample.labels[0]: sample.value for sample in loop.own_samples() if sample.spec.name == name}


def document(one: Notice) -> dict[str, object]:
    def stamp(at: float) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{round(at * 1000) % 1000:03d}Z"

    return {
        "labels": dict(one.labels), "annotations": dict(one.annotations), "startsAt": stamp(one.starts_at),
        "endsAt": stamp(one.ends_at), "generatorURL": one.generator_url,
    }  # fmt: skip


def post(url: str, notices: list[Notice]) -> None:
    body = json.dumps([document(one) for one in notices]).encode()
    request = urllib.request.Request(f"{url}/api/v2/alerts", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


async def test_alertmanagers_take_what_is_forwarded(tmp_path: Path) -> None:
    with alertmanager(QUIET, tmp_path / "a") as one, alertmanager(QUIET, tmp_path / "b") as other:
        now = round(time.time(), 3) - 60
        many = [
            notice(now, alertname="RedisDown", instance=f"{number}:6379", annotations={"s": "é <b>"}) for number in range(600)
        ]
        async with running(Alerting(alertmanagers=(one, other + "/"))) as loop:
            await loop.take(many)
            for url in (one, other):
                await eventually(partial(has, url, 600), what=f"600 alerts at {url}")
                alerts = get(f"{url}/api/v2/alerts")
                first = next(alert for alert in alerts if alert["labels"]["instance"] == "0:6379")
                assert first["annotations"] == {"s": "é <b>"}
                assert first["endsAt"] == document(many[0])["endsAt"]
            await loop.take([notice(now, ends_at=round(time.time(), 3) - 0.5, alertname="RedisDown", instance="0:6379")])
            await eventually(partial(has, one, 599), what="one is resolved")
            assert values(loop, "kvmon_alertmanager_sent_total")[one] == 601


async def test_an_alertmanager_that_is_away_costs_its_alerts_and_nothing_else() -> None:
    with Hook() as good:
        async with running(Alerting(alertmanagers=("http://127.0.0.1:1", good.url))) as loop:
            await loop.take([notice(time.time(), alertname="A")])
            await eventually(good.bodies, what="the other one is told")
            lost = {"http://127.0.0.1:1": 1.0, good.url: 0.0}
            await eventually(lambda: values(loop, "kvmon_alertmanager_dropped_total") == lost, what="the loss is counted")


@pytest.mark.slow
async def test_the_messages_are_alertmanager_s_field_by_field(tmp_path: Path) -> None:
    with Hook() as theirs, Hook() as ours:
        their_file = CONFIGURATION.format(url=theirs.url)
        routing = routing_of(CONFIGURATION.format(url=ours.url), external_url=EXTERNAL)
        with alertmanager(their_file, tmp_path / "am", external_url=EXTERNAL) as url:
            async with running(Alerting(routing=routing), tmp_path / "state") as loop:

                async def tell(*notices: Notice, messages: int) -> None:
                    """To both; and go on when both have told so many messages in all."""
                    await loop.take(notices)
                    await asyncio.to_thread(post, url, list(notices))
                    for name, hook in (("theirs", theirs), ("ours", ours)):
                        await eventually(
                            partial(got_so_many, hook, messages), what=f"{messages} messages, {name}: {hook.bodies()}"
                        )
                    assert len(theirs.got) == len(ours.got) == messages

                at = round(time.time(), 3)
                a = notice(
                    at - 5.88, alertname="Lag", target="cache", instance="a:1", job="x", annotations={"summary": "<b> & é"}
                )
                b = notice(
                    at - 3, alertname="Lag", target="cache", instance="b:1", annotations={"summary": "<b> & é", "more": "1"}
                )
                page = notice(at, alertname="Full", severity="page", odd='q"\\x', target="p")
                info = notice(at, alertname="New", severity="info", target="i")
                down = notice(at, alertname="TargetDown", target="gone")
                hidden = notice(at, alertname="Lag", target="gone", instance="c:1")
                await tell(a, page, info, down, messages=5)
                await tell(b, hidden, messages=6)  # `hidden` is inhibited
                await tell(ended(a), messages=7)
                await tell(ended(b), messages=8)
                await tell(ended(info), messages=9)  # `quiet` is not told
                await tell(ended(page), messages=10)
                again = notice(round(time.time(), 3), alertname="Full", severity="page", odd='q"\\x', target="p")
                await tell(again, messages=11)
                await tell(ended(down), messages=13)  # and `hidden` is not inhibited any more
        assert by_group(ours) == by_group(theirs)
        assert [got.headers["content-type"] for got in ours.got] == [got.headers["content-type"] for got in theirs.got]


def ended(one: Notice) -> Notice:
    return notice(one.starts_at, ends_at=round(time.time(), 3) - 0.01, annotations=dict(one.annotations), **dict(one.labels))


def by_group(hook: Hook) -> dict[tuple[str, str], list[Any]]:
    found: dict[tuple[str, str], list[Any]] = {}
    for got in hook.got:
        found.setdefault((got.path, got.json()["groupKey"]), []).append(got.json())
    return found


RECEIVERS = """
route: {{receiver: team, group_by: [alertname], group_wait: 1s, group_interval: 1s}}
receivers:
- name: team
  slack_configs:
  - {{api_url: "{url}/slack", channel: "#redis", send_resolved: true}}
  - api_url: "{url}/slack-own"
    channel: '{{{{ .GroupLabels.alertname | toLower }}}}'
    title: '{{{{ .Status | toUpper }}}} {{{{ range .Alerts }}}}{{{{ .Labels.SortedPairs.Values | join ", " }}}};{{{{ end }}}}'
    text: '{{{{ template "__text_alert_list" .Alerts.Firing }}}}'
    pretext: '{{{{ (.CommonLabels.Remove .GroupLabels.Names).Values | join "," }}}}'
    send_resolved: true
  pagerduty_configs:
  - {{routing_key: key, url: "{url}/pages", severity: '{{{{ .CommonLabels.severity }}}}', details: {{to: '{{{{ .Receiver }}}}'}}}}
"""


@pytest.mark.slow
async def test_slack_and_pagerduty_are_told_what_alertmanager_tells_them(tmp_path: Path) -> None:
    with Hook() as theirs, Hook() as ours:
        routing = routing_of(RECEIVERS.format(url=ours.url), external_url=EXTERNAL)
        with alertmanager(RECEIVERS.format(url=theirs.url), tmp_path / "am", external_url=EXTERNAL) as url:
            async with running(Alerting(routing=routing)) as loop:
                words = {"summary": "<é>"}
                one = notice(round(time.time(), 3) - 60, alertname="Lag", severity="warning", instance="a:1", annotations=words)
                for messages in (3, 6):
                    told = one if messages == 3 else ended(one)
                    await loop.take([told])
                    await asyncio.to_thread(post, url, [told])
                    for hook in (theirs, ours):
                        await eventually(partial(got_so_many, hook, messages), what=f"{messages} messages")
        assert by_path(ours) == by_path(theirs)


def by_path(hook: Hook) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for got in hook.got:
        found.setdefault(got.path, []).append(got.json())
    return found
