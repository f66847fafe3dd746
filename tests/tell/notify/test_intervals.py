"""When routes are muted: what may stand in an interval, and which moments it holds."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from pydantic import ValidationError

from kvmon.tell.notify.intervals import Interval
from tests.tell.notify.running import notice, routing_of
from tests.tell.notify.test_dispatcher import Told

GOOD = [
    "times: [{start_time: '09:00', end_time: '17:00'}]", "times: [{start_time: '00:00', end_time: '24:00'}]", "times: []",
    "weekdays: ['monday:friday']", "weekdays: ['Monday', 'sunday:saturday']", "weekdays: []",
    "days_of_month: ['1:5', 1, '-3:-1', '1:-1', '-31', '+1', '01']",
    "months: ['january:march', '1:3', 'January', 1, '13', '-1']", "years: ['2020:2022', 2020, '-5']",
    "location: Europe/Berlin", "location: Local", "location: ''", "location: UTC", "{}",
]  # fmt: skip
BAD = [
    "times: [{start_time: '17:00', end_time: '09:00'}]", "times: [{start_time: '09:00', end_time: '09:00'}]",
    "times: [{start_time: '24:00', end_time: '24:01'}]", "times: [{start_time: '9:00', end_time: '17:00'}]",
    "times: [{start_time: '09:00'}]", "times: [{start_time: '', end_time: '09:00'}]", "times: [{}]",
    "times: [{start_time: '09:60', end_time: '17:00'}]", "times: 5", "weekdays: ['friday:monday']", "weekdays: ['1:5']",
    "weekdays: ['mon']", "weekdays: ['monday:']", "weekdays: [' monday']", "weekdays: ['monday: friday']", "weekdays: monday",
    "weekdays: ['monday:tuesday:wednesday']", "weekdays: ['']", "days_of_month: ['-1:1']", "days_of_month: ['0']",
    "days_of_month: ['32']", "days_of_month: ['-32']", "days_of_month: ['31:-31']", "days_of_month: ['5:1']",
    "days_of_month: ['-1:-3']", "days_of_month: ['a']", "days_of_month: ['1:']", "days_of_month: ['25:-10']",
    "days_of_month: ['1:-31']", "months: ['march:january']", "months: ['jan']", "months: ['5:-5']", "years: ['2022:2020']",
    "years: ['a']", "years: ['5:-5']", "location: Nowhere/Land", "location: ../x", "foo: 1",
]  # fmt: skip
"""What `amtool check-config` takes, and what it refuses (`tests/peers/test_amtool_config.py` asks it again)."""


@pytest.mark.parametrize("text", GOOD)
def test_what_alertmanager_takes_is_taken(text: str) -> None:
    interval = Interval.model_validate(yaml.safe_load(text))
    assert Interval.model_validate(interval.model_dump(mode="json", exclude_none=True)) == interval, (
        "it is written as it was read"
    )


@pytest.mark.parametrize("text", BAD)
def test_what_alertmanager_refuses_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Interval.model_validate(yaml.safe_load(text))


NIGHT = {"times": [{"start_time": "22:00", "end_time": "24:00"}, {"start_time": "00:00", "end_time": "06:00"}]}
HELD: list[tuple[dict[str, Any], str, bool]] = [
    ({}, "2026-11-27 12:00", True),
    ({"times": [{"start_time": "09:00", "end_time": "17:00"}]}, "2026-11-27 09:00", True),
    ({"times": [{"start_time": "09:00", "end_time": "17:00"}]}, "2026-11-27 16:59", True),
    ({"times": [{"start_time": "09:00", "end_time": "17:00"}]}, "2026-11-27 17:00", False),
    (
        {"times": [{"start_time": "22:00", "end_time": "24:00"}, {"start_time": "00:00", "end_time": "06:00"}]},
        "2026-11-27 23:59",
        True,
    ),
    (
        {"times": [{"start_time": "22:00", "end_time": "24:00"}, {"start_time": "00:00", "end_time": "06:00"}]},
        "2026-11-27 00:00",
        True,
    ),
    ({"times": []}, "2026-11-27 12:00", False),
    ({"weekdays": ["monday:friday"]}, "2026-11-27 23:59", True),  # a Friday
    ({"weekdays": ["monday:friday"]}, "2026-11-28 00:00", False),
    ({"weekdays": ["sunday"]}, "2026-11-29 12:00", True),
    ({"days_of_month": ["-1"]}, "2026-02-28 12:00", True),
    ({"days_of_month": ["-1"]}, "2028-02-28 12:00", False),  # a leap year
    ({"days_of_month": ["-1"]}, "2028-02-29 12:00", True),
    ({"days_of_month": ["31"]}, "2026-04-30 12:00", False),
    ({"days_of_month": ["28:31"]}, "2026-04-30 12:00", True),
    ({"days_of_month": ["10:-10"]}, "2026-11-21 12:00", True),
    ({"days_of_month": ["10:-10"]}, "2026-11-22 12:00", False),
    ({"days_of_month": ["-31:-25"]}, "2026-02-04 12:00", True),
    ({"days_of_month": ["-1"], "location": "Europe/Berlin"}, "2026-03-31 12:00", True),  # in a month that lacks an hour
    ({"months": ["november:december"], "years": ["2026"]}, "2026-11-01 12:00", True),
    ({"months": ["november:december"], "years": ["2026"]}, "2027-11-01 12:00", False),
    ({"months": ["1:3"]}, "2026-04-01 00:00", False),
    ({"weekdays": ["friday"], "times": [{"start_time": "09:00", "end_time": "10:00"}]}, "2026-11-26 09:30", False),
    ({"times": [{"start_time": "01:00", "end_time": "02:00"}], "location": "Asia/Kolkata"}, "2026-11-27 20:00", True),
    ({"weekdays": ["saturday"], "location": "Asia/Kolkata"}, "2026-11-27 20:00", True),
    ({"times": [{"start_time": "02:00", "end_time": "03:00"}], "location": "Europe/Berlin"}, "2026-10-25 00:30", True),
    ({"times": [{"start_time": "02:00", "end_time": "03:00"}], "location": "Europe/Berlin"}, "2026-10-25 01:30", True),
    ({"times": [{"start_time": "02:00", "end_time": "03:00"}], "location": "Europe/Berlin"}, "2026-03-29 01:30", False),
]


@pytest.mark.parametrize(("interval", "at", "holds"), HELD)
def test_which_moments_it_holds(interval: dict[str, Any], at: str, holds: bool) -> None:
    moment = datetime.fromisoformat(f"{at}+00:00").timestamp()
    assert Interval.model_validate(interval).holds(moment) is holds


def test_local_is_the_machine_s_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        at = datetime(2026, 11, 27, 9, 30, tzinfo=ZoneInfo("Asia/Tokyo")).timestamp()
        morning = {"times": [{"start_time": "09:00", "end_time": "10:00"}]}
        assert Interval.model_validate({**morning, "location": "Local"}).holds(at)
        assert not Interval.model_validate(morning).holds(at)
    finally:
        monkeypatch.undo()
        time.tzset()


ROUTES = """
route:
  receiver: team
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  routes:
  - {matchers: [n="1"], mute_time_intervals: [nights]}
  - {matchers: [n="2"], active_time_intervals: [nights, noon]}
receivers:
- name: team
  webhook_configs: [{url: "http://127.0.0.1:1/"}]
time_intervals:
- name: nights
  time_intervals: [{times: [{start_time: '00:00', end_time: '06:00'}]}]
mute_time_intervals:
- name: noon
  time_intervals: [{times: [{start_time: '12:00', end_time: '13:00'}]}]
"""


def test_a_muted_route_is_told_later_what_still_fires_and_never_what_is_over() -> None:
    told = Told(ROUTES)
    told.take(0.0, *(notice(0.0, ends_at=1e9, alertname="A", n=number) for number in "12"))
    assert told.said(30.0) == [[("2", "firing")]]
    five = 5 * 3600.0
    told.take(five, notice(five, ends_at=five + 60, alertname="B", n="1"), notice(0.0, ends_at=five, alertname="A", n="2"))
    assert told.said(five + 300) == [[("2", "resolved")]]
    assert told.said(6 * 3600.0) == [[("1", "firing")]]
    told.take(7 * 3600.0, notice(7 * 3600.0, ends_at=1e9, alertname="C", n="2"))
    assert ("2", "firing") not in [each for one in told.said(7.5 * 3600) for each in one]
    assert [("2", "firing")] in told.said(12 * 3600.0)


def test_who_mutes_is_told_by_name() -> None:
    routing = routing_of(ROUTES)
    one, two = routing.route.routes
    assert (routing.muted_by(one, 3600.0), routing.muted_by(two, 3600.0)) == (("nights",), ())
    assert (routing.muted_by(one, 7 * 3600.0), routing.muted_by(two, 7 * 3600.0)) == ((), ("nights", "noon"))
    assert routing.muted_by(routing.route, 3600.0) == ()
