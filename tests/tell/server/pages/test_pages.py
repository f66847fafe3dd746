from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from kvmon.judge.alerts.lifecycle import Alert, State
from kvmon.judge.rules.groups import RuleState
from kvmon.judge.rules.rulefile import read_rules
from kvmon.judge.rules.status import GroupStatus
from kvmon.model.evidence import Override, Verdict, Verdicts
from kvmon.model.metrics.catalogue import derived, keys, probes, workloads
from kvmon.model.metrics.catalogue.client_list import BY_NAME
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Capability, Failure
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Target
from kvmon.tell.server.pages.runbooks import names
from kvmon.tell.server.view import LargeCommand, Member, SlowCommand, Topology
from tests.tell import examples
from tests.tell.server.seen import Seen, seen
from tests.tell.server.test_server import door, get

PAGES = ("/", "/targets/sessions", "/alerts", "/graph?g0.expr=up", "/breakers", "/runbooks", "/runbooks/KvmonBreakerOpen")
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[31m\x00"
NOW = 1_700_000_000.0

(GROUP,) = read_rules(
    "alerts/a.yaml",
    """
groups:
- name: availability
  rules:
  - alert: KvmonBreakerOpen
    expr: redis_up == 0
    labels: {severity: critical}
""",
)


def verdict(target: str = "sessions", op: Any = "read", state: str = "open", **others: Any) -> Verdict:
    advice = "allow" if state == "closed" else "deny"
    base = Verdict(target, op, "", state, advice, 1.0, 0, NOW - 90, 3, "refused", 7, 4, "refused", NOW - 95)
    return replace(base, **others)


def alert(**labels: str) -> Alert:
    given = {"alertname": "KvmonBreakerOpen", "severity": "critical", **labels}
    annotations = (("runbook_url", "docs/runbooks/KvmonBreakerOpen.md"), ("summary", "it is open"))
    return Alert(
        tuple(sorted(given.items())), annotations, State.FIRING, 1.0, round(NOW - 60) * 1000, fired_at=round(NOW - 30) * 1000
    )


def alarmed(*alerts: Alert) -> list[GroupStatus]:
    states = (RuleState({each.labels: each for each in alerts}, health="ok", at=round(NOW) * 1000),)
    return [GroupStatus(GROUP, states, 15_000, round(NOW) * 1000)]


def moving(**others: Any) -> dict[str, Any]:
    """A migration from sessions to jobs as the daemon tells of it."""
    return {
        "name": "sessions-jobs", "source": "sessions", "destination": "jobs", "mode": "dual-write", "ready": False,
        "reasons": {"missing": "the destination lacks keys: <b>0.86%</b> of keys"}, "compared": 579,
        "ratios": {"missing": 0.00023, "extra": None, "type": 0.0, "value": 0.0, "ttl": 0.0},
        "keys": {"source": 3001, "destination": None}, "memory_bytes": {"source": 1024, "destination": None},
        "write_lag_seconds": 0.012, "at": NOW - 19, "examples": {"missing": ["session:secret"]}, **others,
    }  # fmt: skip


async def text(view: Seen, path: str) -> str:
    response, body = await get(view, path)
    assert response.status == 200, body
    return str(body)


async def test_the_fleet_says_what_is_down_since_when_why_and_what_to_do() -> None:
    body = await text(seen(), "/")
    assert "jobs is down for 1h." in body
    assert body.index("card-jobs") < body.index("card-sessions")
    assert "jobs.example.net:6379 is down: nothing listens there" in body
    assert "Check that the server runs" in body
    assert "1.0\u202fMiB" in body
    assert "of 4.0\u202fMiB" in body


async def test_a_breaker_that_opens_makes_its_target_the_first_at_once() -> None:
    view = seen()
    view.judged = Verdicts("epoch", 7, [verdict(), verdict(op="write", since=NOW - 88)])
    body = await text(view, "/")
    assert "sessions is down for 1m30s, and 1 more." in body
    assert "reading and writing fail: nothing listens there" in body
    assert 'class="chip open">read open' in body


async def test_what_fires_is_told_with_its_runbook_one_click_away() -> None:
    view = seen()
    view.evaluated = alarmed(alert(target="sessions"))
    for path in ("/", "/alerts", "/targets/sessions"):
        body = await text(view, path)
        assert 'href="/runbooks/KvmonBreakerOpen"' in body, path
        assert "it is open" in body, path
    assert "1 alert fires" in await text(view, "/alerts")
    assert "No alert fires on" not in await text(view, "/alerts?target=jobs")


async def test_the_link_of_an_alert_leads_to_what_its_rule_asks_and_finds() -> None:
    view = seen()
    view.evaluated = alarmed(alert(target="sessions"))
    body = await text(view, "/graph?g0.expr=redis_up+%3D%3D+0&g0.tab=1")
    assert "redis_up == 0" in body
    assert 'id="alarm-KvmonBreakerOpen' in body
    assert "Nothing: no series has it now" in body
    assert "cannot be evaluated: " in await text(view, "/graph?g0.expr=redis_up+%3D%3D")
    body = await text(view, "/graph?g0.expr=vector(1.5)")
    assert re.search(r'<td class="right">1.5</td>', body)
    assert await text(view, "/graph")


async def test_alerts_without_rules_and_without_a_notifier_say_so() -> None:
    body = await text(seen(), "/alerts")
    assert "No rules are evaluated" in body
    assert "it is your Alertmanager that silences" in body


async def test_breakers_show_evidence_and_who_decided() -> None:
    view = seen()
    override = Override("forced_open", NOW + 600, "moving house", "ann")
    view.judged = Verdicts("epoch", 7, [verdict(state="closed", op="write"), verdict(mode="forced_open", override=override)])
    body = await text(view, "/breakers")
    assert body.index("breaker-sessions-read") < body.index("breaker-sessions-write")
    assert "forced open by ann until 2023-11-14 22:23: moving house" in body
    assert "4 failed in a row" in body
    assert "None matches" in await text(view, "/breakers?q=nobody")


async def test_hundreds_of_targets_are_paged_found_and_chosen() -> None:
    view = seen()
    for number in range(120):
        node = examples.node(f"t{number:03d}", f"h{number}.example.net")
        view.known.append(node.target)
        view.board.put(examples.snapshot(node))
    body = await text(view, "/")
    assert body.count('<li class="card ') == 48
    assert "Page 1 of 3, 122 targets" in body
    assert "card-jobs" in body
    assert "card-jobs" not in await text(view, "/?page=2")
    assert 'href="/?page=3"' in await text(view, "/?page=2")
    assert (await text(view, "/?q=h77.example")).count('<li class="card ') == 1
    assert (await text(view, "/?show=down")).count('<li class="card ') == 1
    assert "No target matches" in await text(view, "/?q=nothing-like-this")
    for odd in ("/?page=99999", "/?page=-1", "/?page=x", "/?show=<b>", "/?page=²"):
        assert "<b>&" not in await text(view, odd)


async def test_a_target_page_draws_shards_with_their_slots() -> None:
    nodes = tuple(Address(f"n{number}.example.net") for number in range(4))
    target = Target("shop", nodes)
    view = Seen([target])
    roles = ("master", "master", "slave", "slave")
    for node, role in zip(target.nodes, roles, strict=True):
        facts = {**examples.FACTS, "role": role, "master_link_status": "up", "master_last_io_seconds_ago": "1"}
        view.board.put(examples.snapshot(node, facts=facts))
    slots = (((0, 8191),), ((8192, 16383),), (), ())
    members = [Member(n, f"shard-{i % 2}", s) for i, (n, s) in enumerate(zip(target.nodes, slots, strict=True))]
    view.shape = Topology("cluster", members)
    body = await text(view, "/targets/shop")
    assert body.count('<li class="shard">') == 2
    assert "8\u202f192 slots 0\N{EN DASH}8191" in body
    assert body.count("<rect") == 2
    assert body.index("n0.example.net") < body.index("n2.example.net") < body.index("n1.example.net")


async def test_a_target_page_says_what_is_not_available_and_why() -> None:
    view = seen()
    view.able = [Capability("config", "withheld", "not available on Azure Cache for Redis"), Capability("acl", "off")]
    body = await text(view, "/targets/sessions")
    assert "not available on Azure Cache for Redis" in body
    assert (await get(view, "/targets/nobody"))[0].status == 404


async def test_a_page_without_targets() -> None:
    assert "No targets are configured" in await text(Seen(), "/")


async def test_every_runbook_is_rendered_and_links_only_where_something_is() -> None:
    assert len(names()) > 40
    async with door(seen()) as client:
        for name in sorted(names()):
            response = await client.get(f"/runbooks/{name}")
            body = (await response.read()).decode()
            assert response.status == 200
            assert f"<h1>{name}</h1>" in body
            for link in re.findall(r'href="([^"]*)"', body):
                assert link.startswith(("/", "https://", "#")), link
        assert (await client.get("/runbooks/..%2f..%2fREADME")).status == 404
        assert (await client.get("/assets/page.html")).status == 404


class Markup(HTMLParser):
    """What a browser would make of a page: its elements and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def hostile() -> Seen:
    view = seen()
    node = view.known[0].nodes[0]
    labelled = replace(node.target, labels={"team": EVIL})
    view.known[0] = labelled
    facts = {**examples.FACTS, "redis_version": EVIL, "master_host": EVIL, "role": "slave", "master_link_status": "down"}
    given = [
        *examples.samples(),
        Sample(BY_NAME, 3, (EVIL,)),
        Sample(examples.MONOTONIC, 3, (EVIL,)),
        Sample(examples.KEYS, 2, (EVIL,)),
        Sample(keys.GROUP_COUNT, 2, ("db0", EVIL)),
        Sample(keys.QUEUE, 2, ("db0", EVIL)),
        Sample(derived.SMALLER_MEMORY, 0.5, (EVIL,)),
    ]
    failures = [Failure("clients", "protocol", EVIL)]
    view.board.put(examples.snapshot(labelled.nodes[0], given, facts=facts, failures=failures))
    down = view.known[1].nodes[0]
    view.board.put(examples.snapshot(down, [], up=False, failures=[Failure("poll", EVIL, EVIL)]))
    view.slow = (SlowCommand(EVIL, 14, NOW, 0.25, EVIL, 1, EVIL),)
    view.large = (LargeCommand(EVIL, EVIL, NOW, 4096, EVIL, 1, EVIL),)
    view.own = [
        Sample(workloads.KEYS, 3, ("sessions", EVIL)),
        Sample(workloads.SHARDS, 1, ("sessions", "counted")),
        Sample(workloads.HELD, 1, ("sessions", EVIL)),
        Sample(probes.EXPIRY, NOW, ("sessions", EVIL)),
    ]
    view.moving = [moving(destination=EVIL, mode=EVIL, reasons={EVIL: EVIL}, ratios={EVIL: 0.5})]
    view.able = [Capability("config", "refused", EVIL)]
    view.evaluated = alarmed(
        replace(alert(target="sessions", other=EVIL), annotations=(("runbook_url", "javascript:alert(1)"), ("summary", EVIL)))
    )
    override = Override("forced_open", NOW + 600, EVIL, EVIL)
    view.judged = Verdicts(
        "epoch", 7, [verdict(shard=EVIL, reason_class=EVIL, last_outcome=EVIL, mode="forced_open", override=override)], tilt=EVIL
    )
    view.happened = [{
        "id": 1, "at": NOW, "target": "sessions", "op": "read", "shard": "", "reason": EVIL,
        "nodes": [{"instance": EVIL, "before": {"values": {EVIL: 1.0}}, "then": {"failure": {"message": EVIL}},
                   "slow_commands": [{"command": EVIL, "seconds": 1.0}]}],
    }]  # fmt: skip
    return view


@pytest.mark.parametrize("path", [*PAGES, "/?q=" + "%3Cscript%3Ealert(1)%3C/script%3E"])
async def test_markup_from_backends_users_and_labels_is_shown_as_text(path: str) -> None:
    response, body = await get(hostile(), path)
    assert response.status == 200
    page = Markup()
    page.feed(body)
    assert [each["src"] for tag, each in page.elements if tag == "script"] == ["/assets/kvmon.js?v=0.1.0"]
    assert {each["src"] for tag, each in page.elements if tag == "img"} == {"/assets/icon.svg?v=0.1.0"}
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        assert not (attributes.get("href") or "").startswith("javascript:")


async def test_pages_may_load_what_is_theirs_and_nothing_else() -> None:
    async with door(seen()) as client:
        for path in PAGES:
            response = await client.get(path)
            policy = response.headers["Content-Security-Policy"]
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy
            assert "Refresh" not in response.headers  # who has scripts is told; who has none finds it in the page
        assert "script-src" not in (await client.get("/v1/targets")).headers["Content-Security-Policy"]
        for name, kind in (("kvmon.css", "text/css"), ("kvmon.js", "text/javascript"), ("icon.svg", "image/svg+xml")):
            asset = await client.get(f"/assets/{name}")
            assert asset.content_type == kind
            assert asset.headers["X-Content-Type-Options"] == "nosniff"
    assert '<noscript><meta http-equiv="refresh" content="15"></noscript>' in await text(seen(), "/")


async def test_the_hit_ratio_is_that_of_five_minutes_without_our_own_reads() -> None:
    view = seen()
    node = view.known[0].nodes[0]
    ratios = [Sample(derived.HIT_RATIO, 0.9, ("lifetime",)), Sample(derived.HIT_RATIO, 0.25, ("5m",))]
    view.board.put(examples.snapshot(node, ratios))
    assert "25.0\u202f%" in await text(view, "/")
    view.board.put(examples.snapshot(node, []))  # INFO has 90 hits of 100, but they were ours
    assert "90.0\u202f%" not in await text(view, "/")
