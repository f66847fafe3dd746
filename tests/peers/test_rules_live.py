"""A real Prometheus evaluates rules and tells an Alertmanager, with a restart in the middle: kvmon does the same.

The rules depend on nothing but the time, so that both evaluate the very same at the same moments.
"""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from kvmon.judge.alerts.lifecycle import Remembered, State
from kvmon.judge.alerts.texts import Outside
from kvmon.judge.promql import Engine, instant
from kvmon.judge.rules.groups import Evaluation, RuleState, remembered, texts_of
from kvmon.judge.rules.questions import Questions
from kvmon.judge.rules.results import samples_of
from kvmon.judge.rules.rulefile import Group, read_file
from kvmon.judge.rules.unit.store import Store
from kvmon.model.alert import Labels, Notice
from tests.daemon.test_rules import alertmanager
from tests.servers.kinds import tool
from tests.servers.ports import free_port
from tests.servers.waiting import until

RESEND, GRACE = 3000, 2000
"""What the Prometheus below is told, in ms."""

URL = "http://p.example/base"


def rules(zero: int) -> dict[str, Any]:
    """Alerts by seconds after `zero`."""
    since = f"(vector(time()) - {zero})"
    known: list[dict[str, Any]] = [
        {"alert": "Always", "expr": "vector(1)"},
        {"alert": "Short", "expr": f"{since} > 3 < 7"},
        {"alert": "Pending", "expr": f"{since} > 3 < 6", "for": "4s"},
        {"alert": "Held", "expr": f"{since} > 4 < 7", "for": "1s", "keep_firing_for": "3s"},
        {"alert": "Patient", "expr": f"{since} > 4", "for": "14s", "labels": {"level": "page"}},
        {"alert": "Fired", "expr": f"{since} > 2", "for": "3s", "annotations": {"text": "{{ $value | printf `%.0f` }}"}},
        {"alert": "Ends", "expr": f"{since} > 5 < 14", "for": "2s"},
    ]
    return {"groups": [{"name": "g", "interval": "1s", "rules": known}]}


class Prometheus:
    """One folder, in which it can be started again and again."""

    def __init__(self, folder: Path, manager: str, zero: int) -> None:
        self.folder = folder
        self.port = free_port()
        (folder / "rules.yaml").write_text(json.dumps(rules(zero)))
        alerting = {"alertmanagers": [{"static_configs": [{"targets": [manager.removeprefix("http://")]}]}]}
        config = {"rule_files": [str(folder / "rules.yaml")], "alerting": alerting}
        (folder / "prometheus.yml").write_text(json.dumps(config))

    @contextmanager
    def running(self) -> Iterator[None]:
        order = [
            tool("PROMETHEUS"), f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
            f"--web.listen-address=127.0.0.1:{self.port}", f"--web.external-url={URL}", "--web.route-prefix=/",
            f"--rules.alert.resend-delay={RESEND}ms", f"--rules.alert.for-grace-period={GRACE}ms",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log, subprocess.Popen(order, stdout=log, stderr=log) as process:
            try:
                yield
            finally:
                process.terminate()
                process.wait(60)

    def series(self, name: str) -> dict[Labels, dict[int, float]]:
        """The samples of a metric, by labels and time (ms); nothing while it does not answer."""
        query = urllib.parse.urlencode({"query": f"{name}[10m]"})
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{query}", timeout=30) as answer:
                found = json.load(answer)["data"]["result"]
        except OSError:
            return {}
        return {
            tuple(sorted(one["metric"].items())): {round(at * 1000): float(value) for at, value in one["values"]} for one in found
        }

    def turns(self) -> list[int]:
        """When it evaluated and wrote."""
        return sorted(
            at for labels, samples in self.series("ALERTS").items() if ("alertname", "Always") in labels for at in samples
        )


def milliseconds(moment: str) -> int:
    """Of RFC 3339 in UTC, cut off."""
    whole = datetime.fromisoformat(moment).timestamp()
    return int(whole) * 1000 + int((moment.rstrip("Z").partition(".")[2] or "0")[:3].ljust(3, "0"))


def told(found: Sequence[Mapping[str, Any]]) -> set[tuple[str, ...]]:
    """What an Alertmanager was told, times to the millisecond."""
    return {
        (
            json.dumps(sorted(one["labels"].items())), json.dumps(one.get("annotations", {})), one["generatorURL"],
            *[str(milliseconds(one[key])) for key in ("startsAt", "endsAt")],
        )
        for one in found
    }  # fmt: skip


class Mine:
    """kvmon's evaluations of the same group at given times."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.series: dict[str, dict[Labels, dict[int, float]]] = {"ALERTS": {}, "ALERTS_FOR_STATE": {}}
        self.notices: list[Notice] = []

    def run(self, turns: Sequence[int], known: Mapping[Labels, Remembered]) -> dict[Labels, Remembered]:
        """From a start to an end; what is remembered afterwards."""
        states = [RuleState(restored=False) for _ in self.group.rules]
        for number, at in enumerate(turns, 1):
            now = Evaluation(self.group, at, 1000, Questions(Store(), at, Engine()), Outside(url=URL), resend=RESEND)
            for index, rule in enumerate(self.group.rules):
                outcome = now.conclude(rule, texts_of(rule), states[index], samples_of(instant(rule.query, Store(), at).value))
                states[index] = outcome.state
                self.notices += outcome.notices
                for labels, value in outcome.samples:
                    self.series[dict(labels)["__name__"]].setdefault(labels, {})[at] = value
                if number == 2:
                    # A moment after the evaluation, as it is in a program that runs.
                    states[index] = remembered(states[index], rule, known, at + 5, grace=GRACE)
        active = [alert for state in states for alert in state.alerts.values() if alert.state is not State.INACTIVE]
        return {alert.labels: Remembered(turns[-1], alert.active_at) for alert in active}

    def told(self) -> set[tuple[str, ...]]:
        return {
            (
                json.dumps(sorted(one.labels)), json.dumps(dict(one.annotations)), one.generator_url,
                str(round(one.starts_at * 1000)), str(round(one.ends_at * 1000)),
            )
            for one in self.notices
        }  # fmt: skip


@pytest.mark.slow
def test_states_and_notices_through_a_restart(tmp_path: Path) -> None:
    zero = int(time.time()) + 3
    with alertmanager() as (manager, found):
        prometheus = Prometheus(tmp_path, manager, zero)
        with prometheus.running():
            until(lambda: prometheus.turns() and prometheus.turns()[-1] > (zero + 9) * 1000, what="the first half")
        with prometheus.running():
            until(lambda: prometheus.turns() and prometheus.turns()[-1] > (zero + 32) * 1000, what="the second half")
            theirs = {name: prometheus.series(name) for name in ("ALERTS", "ALERTS_FOR_STATE")}
            turns = prometheus.turns()
    gap = next(place for place in range(1, len(turns)) if turns[place] - turns[place - 1] > 2500)

    def with_silent(written: Sequence[int]) -> list[int]:
        # The first two evaluations after a start write nothing.
        return [written[0] - 2000, written[0] - 1000, *written]

    (group,) = read_file(str(tmp_path / "rules.yaml"))
    mine = Mine(group)
    known = mine.run(with_silent(turns[:gap]), {})
    mine.run(with_silent(turns[gap:]), known)

    last = max(turns) + 4 * RESEND  # there may have been one more evaluation since they were asked for
    assert mine.series == theirs
    ours, others = ({one for one in all_of if int(one[4]) <= last} for all_of in (mine.told(), told(found)))
    assert others <= ours
    # Prometheus looks for its Alertmanagers when it starts: what is told in these seconds is lost.
    lost = [int(one[4]) - 4 * RESEND for one in ours - others]
    assert all(any(start - 2000 <= at < start + 6000 for start in (turns[0], turns[gap])) for at in lost)
    assert len(others) >= 15
    assert {json.loads(one[0])[0][1] for one in ours} >= {"Always", "Short", "Held", "Fired", "Ends"}
