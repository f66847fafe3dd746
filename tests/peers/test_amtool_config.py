"""Beside amtool and a real Alertmanager: what a configuration may say about times, and what templates make of a message."""

from __future__ import annotations

import json
import random
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.templates import Library
from tests.peers.alertmanager import alertmanager
from tests.peers.test_alertmanager import get, post
from tests.servers.kinds import tool
from tests.servers.waiting import until
from tests.tell.notify.running import notice, routing_of
from tests.tell.notify.test_intervals import BAD, GOOD
from tests.tell.notify.test_template_files import DATA, FILES, REFUSED, TEXTS

CHECKED = """
route: {{receiver: a, routes: [{{matchers: [x=y], mute_time_intervals: [n]}}]}}
receivers: [{{name: a}}]
time_intervals: [{{name: n, time_intervals: [{{{}}}]}}]
"""


def amtool(*words: str) -> str:
    done = subprocess.run([tool("AMTOOL"), *words], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def checked(told: str) -> list[str]:
    """What was told of each file."""
    return told.split("Checking '")[1:]


def test_amtool_takes_and_refuses_the_same_intervals(tmp_path: Path) -> None:
    for index, text in enumerate([*GOOD, *BAD]):
        (tmp_path / f"{index:03}.yml").write_text(CHECKED.format("" if text == "{}" else text))
    told = amtool("check-config", *sorted(map(str, tmp_path.glob("*.yml"))))
    verdicts = ["FAILED" not in part for part in checked(told)]
    assert verdicts == [True] * len(GOOD) + [False] * len(BAD)


def test_amtool_makes_the_same_of_templates(tmp_path: Path) -> None:
    for name, words in FILES.items():
        (tmp_path / name).write_text(words)
    (tmp_path / "data.json").write_text(json.dumps(DATA))
    text = "|".join(TEXTS)
    made = amtool(
        "template", "render", f"--template.glob={tmp_path}/*.tmpl", f"--template.data={tmp_path / 'data.json'}",
        f"--template.text={text}",
    )  # fmt: skip
    message: Payload = {**DATA, "version": "4", "groupKey": "", "truncatedAlerts": 0}  # type: ignore[typeddict-item]
    assert Library.of_files(FILES.items()).writer(message, 0.0)(text) == made == "|".join(TEXTS.values())


def test_amtool_refuses_the_same_files_with_the_same_words(tmp_path: Path) -> None:
    files = []
    for index, text in enumerate(REFUSED):
        files.append(tmp_path / str(index) / "am.yml")
        files[-1].parent.mkdir()
        files[-1].with_name("own.tmpl").write_text(text)
        files[-1].write_text("route: {receiver: a}\nreceivers: [{name: a}]\ntemplates: [own.tmpl]\n")
    told = checked(amtool("check-config", *map(str, files)))
    assert [f"FAILED: {words}" in part for words, part in zip(REFUSED.values(), told, strict=True)] == [True] * len(files)


ZONES = ("", "UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Tokyo")
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def made_up(chance: random.Random, now: datetime) -> dict[str, Any]:
    """An interval whose edges are not within minutes of now, so that both look at the same side of them."""
    zone = chance.choice(ZONES)
    here = now.astimezone(ZoneInfo(zone or "UTC"))
    minute = here.hour * 60 + here.minute
    found: dict[str, Any] = {"location": zone} if zone else {}

    def edge() -> int:
        return chance.choice([one for one in range(0, 1441, 5) if abs(one - minute) % 1440 > 8])

    if chance.random() < 0.6:
        spans = [sorted((edge(), edge())) for _ in range(chance.randint(1, 3))]
        found["times"] = [
            {"start_time": f"{a // 60:02}:{a % 60:02}", "end_time": f"{b // 60:02}:{b % 60:02}"} for a, b in spans if a < b
        ]
    if chance.random() < 0.4:
        first, last = sorted((chance.randrange(7), chance.randrange(7)))
        found["weekdays"] = [f"{DAYS[first]}:{DAYS[last]}", DAYS[chance.randrange(7)]]
    if chance.random() < 0.4:
        first, last = sorted((chance.randint(1, 31), chance.randint(1, 31)))
        back = sorted((-chance.randint(1, 27), -chance.randint(1, 27)))
        found["days_of_month"] = [chance.choice([f"{first}:{last}", f"{back[0]}:{back[1]}", str(here.day), f"1:{back[1]}"])]
    if chance.random() < 0.2:
        first, last = sorted((chance.randint(1, 12), chance.randint(1, 12)))
        found["months"] = [f"{first}:{last}"]
    if chance.random() < 0.2:
        found["years"] = [f"{here.year - chance.randint(1, 2)}:{here.year + chance.randint(-1, 2)}"]
    return found


@pytest.mark.slow
def test_alertmanager_mutes_the_same_routes(tmp_path: Path) -> None:
    chance, now = random.Random(5), datetime.now(UTC)
    intervals = [
        {"name": f"i{index}", "time_intervals": [made_up(chance, now) for _ in range(chance.randint(0, 2))]}
        for index in range(300)
    ]
    names = [str(one["name"]) for one in intervals]
    routes: list[dict[str, Any]] = [
        {
            "matchers": [f'n="{index}"'],
            "mute_time_intervals": chance.sample(names, chance.choice([0, 1, 1, 2])),
            "active_time_intervals": chance.sample(names, chance.choice([0, 0, 1, 2])),
            "routes": [{"matchers": ['below="yes"']}] if index % 7 == 0 else [],
        }
        for index in range(300)
    ]
    text = yaml.safe_dump({
        "route": {"receiver": "a", "group_by": ["n", "below"], "group_wait": "0s", "group_interval": "1s", "routes": routes},
        "receivers": [{"name": "a"}], "time_intervals": intervals,
    })  # fmt: skip
    routing = routing_of(text)
    at = time.time() - 60
    alerts = [notice(at, alertname="A", n=str(index), below=below) for index in range(300) for below in ("yes", "no")]
    with alertmanager(text, tmp_path) as url:
        for start in range(0, len(alerts), 100):
            post(url, alerts[start : start + 100])
        ours = {
            one.labels: list(routing.muted_by(route, time.time()))
            for one in alerts
            for route in routing.route.match(dict(one.labels))
        }

        def theirs() -> dict[Any, list[str]]:
            """A name that holds by several of its intervals is told as often by Alertmanager."""
            return {
                tuple(sorted(alert["labels"].items())): list(dict.fromkeys(alert["status"]["mutedBy"]))
                for group in get(f"{url}/api/v2/alerts/groups")
                for alert in group["alerts"]
            }

        until(lambda: theirs() == ours, what="they agree")
    muted = sum(map(bool, ours.values()))
    assert 100 < muted < 500, "neither all nor none"
