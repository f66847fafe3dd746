"""Killed at any moment, with a receiver that fails in every way: every firing and every final resolved arrives."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from kvmon.tell.notify.fingerprint import fingerprint
from tests.servers.hook import Answer, Got, Hook
from tests.servers.waiting import until
from tests.tell.notify.storm import alert

KILLS = int(os.environ.get("KVMON_TEST_KILLS", "20"))
ALERTS = int(os.environ.get("KVMON_TEST_STORM", "60"))


class Flaky:
    """A receiver that says yes to about half of what it is asked, and remembers to what."""

    def __init__(self) -> None:
        self._chance = random.Random(1)
        self.acknowledged: set[str] = set()
        self.settled: set[str] = set()
        self.again: list[str] = []

    def __call__(self, got: Got) -> Answer:
        ident = got.headers["webhook-id"]
        if ident in self.settled:
            self.again.append(ident)
        roll = self._chance.random()
        if roll < 0.5:
            self.acknowledged.add(ident)
            return Answer()
        if roll < 0.55:
            time.sleep(0.7)  # longer than the sender waits; it is taken nevertheless
            return Answer()
        if roll < 0.75:
            return Answer(503)
        return Answer(429, {"Retry-After": "0.05"}) if roll < 0.85 else Answer(0)


@pytest.mark.slow
@pytest.mark.timeout(60 + 15 * KILLS)
def test_nothing_is_lost_however_often_it_is_killed(tmp_path: Path) -> None:
    chance = random.Random(2)
    flaky = Flaky()
    with Hook(flaky) as hook:
        command = [sys.executable, "-m", "tests.tell.notify.storm", str(tmp_path), hook.url, str(ALERTS)]

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(command, cwd=Path(__file__).parents[3], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

        kills = 0
        while kills < KILLS:
            process = start()
            seen, wanted = len(hook.got) + len(hook.refused), chance.randint(1, 3)
            try:
                until(lambda: process.poll() is not None or len(hook.got) + len(hook.refused) >= seen + wanted)  # noqa: B023 - at once
                if process.poll() is None:
                    time.sleep(chance.random() * 0.02)
            finally:
                process.kill()
                code = process.wait(30)
            if code == 0:
                break  # it was quicker than we
            kills += 1
            flaky.settled |= flaky.acknowledged - waiting(tmp_path)
        last = start()
        try:
            assert last.wait(240) == 0
        finally:
            last.kill()
            last.wait(30)
        got = sorted(hook.got, key=lambda one: one.arrived)
    print(f"{kills} kills, {len(got)} messages taken, {len(hook.refused)} refused")  # noqa: T201 - for pytest -rP
    assert kills >= KILLS // 4, "the storm was over before it was killed often"
    bodies: dict[str, bytes] = {}
    states: dict[str, list[str]] = {}
    messages: dict[tuple[str, str], set[str]] = {}
    for one in got:
        assert bodies.setdefault(one.headers["webhook-id"], one.body) == one.body, "an id names one message"
        messages.setdefault((one.json()["groupKey"], one.json()["status"]), set()).add(one.headers["webhook-id"])
        for told in one.json()["alerts"]:
            states.setdefault(told["fingerprint"], []).append(told["status"])
    expected = {fingerprint(alert(number).labels) for number in range(ALERTS)}
    assert {ident for ident, told in states.items() if "firing" in told} == expected
    assert {ident for ident, told in states.items() if told[-1] == "resolved"} == expected
    assert {len(ids) for ids in messages.values()} == {1}, "what was told once is told again under the same id only"
    assert flaky.again == [], "sent again though it was acknowledged and that was durable"
    assert waiting(tmp_path) == set()


def waiting(state_dir: Path) -> set[str]:
    """Ids of the messages that the journal holds."""
    with closing(sqlite3.connect(state_dir / "journal.db")) as connection:
        return {ident for (ident,) in connection.execute("SELECT id FROM outbox")}
