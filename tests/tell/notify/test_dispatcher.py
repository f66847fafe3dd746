"""What is told when: groups, repetition, resolution, restarts. Time is a number here."""

from __future__ import annotations

import gc
import time

from kvmon.judge.promql import finished
from kvmon.model.alert import Notice
from kvmon.tell.notify.dispatcher import Dispatcher, Promise
from kvmon.tell.notify.held import Held
from kvmon.tell.notify.inhibit import Inhibitor, InhibitRule
from kvmon.tell.notify.matchers import Matcher, parse_matchers
from tests.tell.notify.running import notice, routing_of

TREE = """
route:
  receiver: team
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
receivers:
- name: team
  webhook_configs: [{url: "http://127.0.0.1:1/"}]
"""
SILENT_END = TREE.replace('url: "http://127.0.0.1:1/"', 'url: "http://127.0.0.1:1/", send_resolved: false')


class Told:
    """A dispatcher, and what it promised by the time."""

    def __init__(self, text: str = TREE) -> None:
        self.routing = routing_of(text)
        self.dispatcher = Dispatcher(self.routing, told={}, now=0.0)
        self.muted: set[str] = set()

    def take(self, now: float, *notices: Notice) -> None:
        self.dispatcher.take(notices, now)

    def at(self, now: float) -> list[Promise]:
        flush = finished(self.dispatcher.flush(now, lambda held: held.labels.get("n", "") in self.muted))
        self.dispatcher.done(flush, now)
        return list(flush.promises)

    def said(self, now: float) -> list[list[tuple[str, str]]]:
        """For each promise, number and status of its alerts."""
        return [[(one["labels"].get("n", ""), one["status"]) for one in promise.message["alerts"]] for promise in self.at(now)]

    def restart(self, now: float) -> None:
        held = [Held.from_json(one.to_json()) for one in self.dispatcher.alerts.values()]
        self.dispatcher = Dispatcher(self.routing, alerts=held, told=self.dispatcher.told, now=now)


def fires(at: float, number: int = 1, *, until: float = 1e9) -> Notice:
    return notice(at, ends_at=until, alertname="A", n=str(number))


def test_a_group_waits_for_company_and_then_tells_news_every_interval() -> None:
    told = Told()
    told.take(100, fires(100))
    told.take(110, fires(110, 2))
    assert told.said(129.9) == []
    assert told.said(130) == [[("1", "firing"), ("2", "firing")]]
    told.take(140, fires(140, 3))
    assert told.said(400) == []
    assert told.said(430) == [[("1", "firing"), ("2", "firing"), ("3", "firing")]]
    assert told.said(730) == [], "no news"


def test_what_still_fires_is_told_again_after_the_repeat_interval() -> None:
    told = Told()
    told.take(100, fires(100))
    assert told.said(130) == [[("1", "firing")]]
    times = [now for now in range(140, 40_000, 10) if told.said(now)]
    assert [b - a for a, b in zip([130, *times], times, strict=False)] == [14_700, 14_700], "at the first turn after four hours"


def test_an_end_is_told_once_and_the_alert_is_forgotten() -> None:
    told = Told()
    told.take(100, fires(100), fires(100, 2))
    told.said(130)
    told.take(200, fires(100, until=199))
    assert told.said(430) == [[("1", "resolved"), ("2", "firing")]]
    told.take(500, fires(100, until=199))
    assert told.said(730) == [], "rules tell the end again for a while"
    told.take(800, fires(100, 2, until=799))
    assert told.said(1030) == [[("2", "resolved")]]
    assert told.dispatcher.alerts == {}
    assert told.dispatcher.groups == {}


def test_an_end_that_is_not_sent_is_noted() -> None:
    told = Told(SILENT_END)
    told.take(100, fires(100))
    assert told.said(130) == [[("1", "firing")]]
    told.take(200, fires(100, until=199))
    assert told.said(430) == []
    told.take(500, fires(500))
    assert told.said(530) == [[("1", "firing")]], "it began anew"


def test_what_is_over_before_it_was_told_is_no_news() -> None:
    told = Told()
    told.take(100, fires(100))
    told.take(110, fires(100, until=109))
    assert told.said(130) == []
    assert told.dispatcher.alerts == {}


def test_an_alert_that_is_not_told_of_any_more_ends_when_it_said() -> None:
    told = Told()
    told.take(100, fires(100, until=340))
    assert told.said(130) == [[("1", "firing")]]
    assert told.said(430) == [[("1", "resolved")]]


def test_what_is_muted_is_left_out_until_it_is_not() -> None:
    told = Told()
    told.muted = {"2"}
    told.take(100, fires(100), fires(100, 2))
    assert told.said(130) == [[("1", "firing")]]
    told.muted = set()
    assert told.said(430) == [[("1", "firing"), ("2", "firing")]]


def test_after_a_restart_nothing_is_told_twice_and_the_end_is_not_forgotten() -> None:
    told = Told()
    told.take(100, fires(100))
    assert told.said(130) == [[("1", "firing")]]
    told.restart(200)
    assert told.said(200) == []
    assert told.said(430) == []
    told.take(500, fires(100, until=499))
    told.restart(510)
    assert told.said(510) == [[("1", "resolved")]]


def test_an_alert_that_waited_through_a_restart_is_told_at_once() -> None:
    told = Told()
    told.take(100, fires(100))
    told.restart(500)
    assert told.said(500) == [[("1", "firing")]]


def test_a_route_with_continue_tells_both() -> None:
    text = TREE.replace("group_wait: 30s", "group_wait: 30s\n  routes: [{receiver: other, continue: true}, {receiver: team}]")
    told = Told(text + '- {name: other, webhook_configs: [{url: "http://127.0.0.1:1/"}]}\n')
    told.take(100, fires(100))
    promises = told.at(130)
    assert [promise.way for promise in promises] == ["other/webhook/0", "team/webhook/0"]
    assert {promise.grouping for promise in promises} == {'{}/{}:{alertname="A"}'}


def test_inhibition_needs_equal_labels_and_never_goes_both_ways() -> None:
    rule_ = InhibitRule(parse_matchers("severity=critical"), parse_matchers("severity=~.*"), ("target",))
    source = Held(notice(0, ends_at=100, alertname="A", severity="critical", target="a"), 0)
    inhibitor = finished(Inhibitor.over([rule_], [source], 50))
    assert inhibitor.by({"alertname": "B", "target": "a"}) == source.fingerprint
    assert inhibitor.by({"alertname": "B", "target": "b"}) is None
    assert inhibitor.by({"alertname": "B"}) is None
    assert inhibitor.by(dict(source.notice.labels)) is None, "it is on both sides"
    assert finished(Inhibitor.over([rule_], [source], 100)).by({"target": "a"}) is None, "it is over"
    without = InhibitRule((Matcher("x", ""),), parse_matchers("y=z"), ("nowhere",))
    assert finished(Inhibitor.over([without], [source], 50)).by({"y": "z"}) is not None, "a label that neither has is equal"


def test_telling_of_thousands_stops_often_enough_for_others_to_have_their_turn() -> None:
    told = Told(
        TREE.replace("receivers:", "inhibit_rules:\n- {source_matchers: [x=y], target_matchers: [z=z], equal: [n]}\nreceivers:")
    )
    told.take(0, *(fires(0, number) for number in range(5000)))
    longest = 0.0
    works = (
        lambda: Inhibitor.over(told.routing.inhibit, told.dispatcher.alerts.values(), 30),
        lambda: told.dispatcher.flush(30, lambda _: False),
    )
    gc.disable()
    try:
        for make in works:
            before = time.thread_time()
            for _ in make():
                after = time.thread_time()
                longest, before = max(longest, after - before), after
    finally:
        gc.enable()
    assert longest < 0.02
