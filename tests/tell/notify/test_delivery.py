"""From alerts to receivers: what is given up, what a journal that fails costs, what a reload changes."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from kvmon.config.alerting import Alerting
from kvmon.daemon.notifying import NotifyLoop
from kvmon.journal import file as journal_file
from kvmon.model.alert import Notice
from tests.journal.full_disk import fill
from tests.servers.hook import Answer, Hook
from tests.tell.notify.running import eventually, notice, routing_of, running

TREE = """
route: {{receiver: team, group_by: [alertname], group_wait: 0s, group_interval: 50ms, repeat_interval: 100ms}}
receivers:
- name: team
  webhook_configs: [{{url: "{url}"}}]
"""


def count(loop: NotifyLoop, result: str) -> float:
    samples = (one for one in loop.own_samples() if one.spec.name == "kvmon_notifications_total")
    return next((one.value for one in samples if one.labels == ("team", result)), 0.0)


async def test_a_refused_message_is_kept_as_dead_and_its_group_is_told_anew(tmp_path: Path) -> None:
    answers = iter([Answer(400), Answer(429, {"Retry-After": "0"})])
    with Hook(lambda _: next(answers, Answer())) as hook:
        async with running(Alerting(routing=routing_of(TREE.format(url=hook.url))), tmp_path) as loop:
            await loop.take([notice(time.time(), alertname="A")])
            await eventually(lambda: hook.got, what="it arrives in the end")
            await eventually(lambda: count(loop, "delivered"), what="it is counted")
            assert (count(loop, "dead"), count(loop, "retried")) == (1, 1)
        ids = [got.headers["webhook-id"] for got in (*hook.refused, *hook.got[:1])]
    assert ids[0] != ids[1] == ids[2]
    with closing(sqlite3.connect(tmp_path / "journal.db")) as journal:
        rows = journal.execute("SELECT id, error FROM outbox WHERE dead_at IS NOT NULL").fetchall()
    assert rows == [(ids[0], "it answered 400")]


@pytest.mark.parametrize("broken", [True, False])
async def test_with_a_broken_or_unusable_journal_alerts_are_delivered(tmp_path: Path, broken: bool) -> None:
    if broken:
        (tmp_path / "journal.db").write_bytes(b"this was a journal once" * 1000)
    folder = tmp_path if broken else tmp_path / "file"
    (tmp_path / "file").write_text("where the folder should be")
    with Hook() as hook:
        async with running(Alerting(routing=routing_of(TREE.format(url=hook.url).replace("100ms", "1h"))), folder) as loop:
            at = time.time()
            await loop.take([notice(at - 60, alertname="A")])
            await eventually(lambda: hook.got, what="it fires")
            await loop.take([notice(at - 60, ends_at=at - 1, alertname="A")])
            await eventually(lambda: len(hook.got) == 2, what="it is over")
        assert [body["status"] for body in hook.bodies()] == ["firing", "resolved"]


async def test_on_a_full_disk_alerts_are_delivered_and_nothing_is_told_twice_when_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = fill(monkeypatch)
    monkeypatch.setattr(journal_file, "RETRY", 0.0)
    with Hook() as hook:
        async with running(Alerting(routing=routing_of(TREE.format(url=hook.url).replace("100ms", "1h"))), tmp_path) as loop:
            at = time.time()
            many = [notice(at - 60, alertname=f"A{number}", annotations={"text": "x" * 2000}) for number in range(100)]
            await loop.take(many)
            await eventually(lambda: len(hook.got) == 100, what="they fire")
            await loop.take([Notice(one.labels, one.annotations, one.starts_at, at - 1) for one in many])
            await eventually(lambda: len(hook.got) == 200, what="they are over")
        assert sorted(body["status"] for body in hook.bodies()) == ["firing"] * 100 + ["resolved"] * 100
    assert "the journal cannot be kept on the disk" in capsys.readouterr().out
    assert len(opened) > 1, "there was room again"


async def test_a_reload_finds_new_receivers_and_the_alerts_that_fire(tmp_path: Path) -> None:
    with Hook() as one, Hook() as other:
        async with running(Alerting(routing=routing_of(TREE.format(url=one.url).replace("100ms", "1h"))), tmp_path) as loop:
            await loop.take([notice(time.time(), alertname="A")])
            await eventually(lambda: one.got, what="the first is told")
            changed = TREE.format(url=other.url).replace("100ms", "1h").replace("team", "others")
            loop.apply(Alerting(routing=routing_of(changed)))
            await eventually(lambda: other.got, what="the second is told")
            assert len(one.got) == 1


async def test_without_a_configuration_alerts_are_judged_and_told_nobody(tmp_path: Path) -> None:
    written: list[sqlite3.Connection] = []
    async with running(Alerting(), tmp_path) as loop:
        await loop.take([notice(time.time(), alertname="A")], written.append)
        assert len(written) == 1
        assert loop.own_samples() == []
