"""Events: what is another than at the push before, and what was judged."""

from __future__ import annotations

from dataclasses import replace

from kvmon.clock import ManualClock
from kvmon.model.alert import Notice
from kvmon.model.metrics.catalogue import breakers, config
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Failure, Snapshot
from kvmon.tell.sinks.datadog.judged import Alerts
from kvmon.tell.sinks.datadog.options import DatadogOptions
from kvmon.tell.sinks.datadog.point import Event, Point, ServiceCheck
from kvmon.tell.sinks.datadog.sink import Sink
from kvmon.tell.sinks.datadog.slow import Slow
from kvmon.watch.collectors.slowlog_entries import Entry
from tests.tell.examples import node, snapshot

FACTS = {"role": "slave", "run_id": "one", "uptime_in_seconds": "1000"}


class Kept:
    """An outlet that keeps what it is given."""

    paced = False

    def __init__(self) -> None:
        self.points: list[tuple[Point, float]] = []
        self.checks: list[ServiceCheck] = []
        self.events: list[Event] = []

    def send(self, point: Point, at: float) -> None:
        self.points.append((point, at))

    def check(self, check: ServiceCheck, at: float) -> None:  # noqa: ARG002 - as an outlet
        self.checks.append(check)

    def event(self, event: Event, at: float) -> None:  # noqa: ARG002 - as an outlet
        self.events.append(event)


def subject(facts: dict[str, str], *settings: Sample, at: float, up: bool = True) -> Snapshot:
    given = snapshot(node(), settings, facts=facts if up else {}, at=at)
    return given if up else replace(given, up=False, failures=(Failure("poll", "refused", "no"),))


def pushed(*polls: Snapshot, own: list[list[Sample]] | None = None, **options: object) -> Kept:
    kept = Kept()
    sink = Sink(DatadogOptions.model_validate(options), kept, clock=ManualClock())  # type: ignore[arg-type] # as far as is needed
    for place, poll in enumerate(polls):
        list(sink.push([poll], own[place] if own else [], []))
    return kept


def tagged(event: Event) -> str:
    return next(tag.removeprefix("event:") for tag in event.tags if tag.startswith("event:"))


def setting(name: str, value: str) -> Sample:
    return Sample(config.SETTING_TEXT, 1, (name, value))


def test_restart_failover_and_role_change() -> None:
    kept = pushed(
        subject(FACTS, at=1),
        subject(FACTS, at=2, up=False),
        subject({**FACTS, "run_id": "two", "uptime_in_seconds": "3"}, at=3),
        subject({**FACTS, "run_id": "two", "uptime_in_seconds": "9", "role": "master"}, at=4),
        subject({**FACTS, "run_id": "two", "uptime_in_seconds": "12"}, at=5),
    )
    assert [tagged(event) for event in kept.events] == ["restart", "failover", "role_change"]
    restart, failover, change = kept.events
    assert restart.title == "sessions (cache.example.net:6379) restarted"
    assert "redis_host:cache.example.net" in restart.tags
    assert failover.title == "Failover of sessions: cache.example.net:6379 is the primary now"
    assert failover.aggregation_key == change.aggregation_key, "shown as one"
    assert "redis_role:master" in failover.tags


def test_without_a_run_id_a_younger_process_is_another() -> None:
    facts = {"role": "master", "uptime_in_seconds": "100"}
    kept = pushed(subject(facts, at=1), subject({**facts, "uptime_in_seconds": "5"}, at=2))
    assert [tagged(event) for event in kept.events] == ["restart"]


def test_changes_of_the_configuration() -> None:
    limits = (Sample(config.MAXMEMORY, 0), Sample(config.BUFFER_LIMIT, 5, ("normal", "hard")))
    more = (Sample(config.MAXMEMORY, 1024), Sample(config.BUFFER_LIMIT, 6, ("normal", "hard")))
    number = Sample(config.SETTING_NUMBER, 1, ("timeout",))
    kept = pushed(
        subject(FACTS, *limits, setting("save", ""), at=1),
        subject(FACTS, at=2),  # not allowed to ask any more
        subject(FACTS, *more, setting("save", "60 1"), number, at=3),
        subject(FACTS, *more, setting("save", "60 1"), number, at=4),
    )
    (event,) = kept.events
    assert tagged(event) == "config_change"
    assert event.text.splitlines() == [
        "client_output_buffer_limit_bytes normal hard: 5 -> 6", "maxmemory: 0 -> 1024", "save:  -> 60 1",
    ]  # fmt: skip


def breaker(state: str, changes: int) -> list[Sample]:
    key = ("sessions", "write", "")
    states = [Sample(breakers.STATE, float(each == state), (*key, each)) for each in ("closed", "open", "half_open", "unknown")]
    return [*states, Sample(breakers.TRANSITIONS, changes, key)]


def test_breakers() -> None:
    polls = [subject(FACTS, at=at) for at in range(4)]
    kept = pushed(*polls, own=[breaker("closed", 0), breaker("open", 1), breaker("open", 1), breaker("open", 5)])
    first, second = kept.events
    assert (first.title, first.text, first.alert_type) == ("The breaker sessions/write is open", "It was closed.", "error")
    assert {"target:sessions", "op:write", "state:open", "event:breaker"} == set(first.tags)
    assert second.text == "It was open, and changed 4 times since the last push."
    assert first.aggregation_key == second.aggregation_key


def test_alerts_are_told_when_they_begin_and_end() -> None:
    alerts = Alerts(since=100.0)
    labels = (("alertname", "RedisDown"), ("severity", "critical"), ("target", "sessions"))
    firing = Notice(labels, (("summary", "It is down."),), starts_at=150.0, ends_at=400.0)
    (event,) = alerts.events([firing], 160.0)
    assert (event.title, event.text, event.alert_type) == ("RedisDown is firing", "It is down.", "error")
    assert {"alertname:RedisDown", "target:sessions", "state:firing", "event:alert"} <= set(event.tags)
    assert list(alerts.events([firing], 220.0)) == [], "told again, and no event again"
    (over,) = alerts.events([replace(firing, ends_at=230.0)], 231.0)
    assert (over.alert_type, over.aggregation_key) == ("success", event.aggregation_key)
    assert list(alerts.events([replace(firing, ends_at=230.0)], 240.0)) == []
    old = replace(firing, starts_at=50.0)
    assert list(alerts.events([old], 250.0)) == [], "it was told by the daemon before us"
    assert len(list(alerts.events([replace(old, ends_at=260.0)], 261.0))) == 1


def test_names_are_filtered_and_begin_as_configured() -> None:
    facts = {**FACTS, "used_memory": "1", "used_memory_rss": "2"}
    kept = pushed(subject(facts, at=1), namespace="valkey", include=[r"valkey\.mem\..*", r"kvmon\.up.*"], exclude=[r".*\.rss"])
    assert {point.name for point, _ in kept.points} == {"valkey.mem.used", "kvmon.uptime_in_seconds"}
    assert {check.name for check in kept.checks} == {"valkey.can_connect", "valkey.replication.master_link_status"}
    assert {at for _, at in kept.points} == {1}, "the time of the poll"


def test_what_is_handed_over_at_once_is_little() -> None:
    kept = Kept()
    sink = Sink(DatadogOptions(), kept, clock=ManualClock())  # type: ignore[arg-type] # as far as is needed
    own = [Sample(breakers.SUSPECT, 1, ("sessions", "write", str(number))) for number in range(1000)]
    slow = [Slow(node(), [Entry(number, 1, 0.5, "get", 1) for number in range(1000)])]
    most, before = 0, 0
    for _ in sink.push([subject(FACTS, at=1)], own, slow):
        most, before = max(most, len(kept.points) - before), len(kept.points)
    assert len(kept.points) > 2000
    assert most <= 200
