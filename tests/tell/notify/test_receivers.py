"""What each receiver gets, and what becomes of its answers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sqlite3
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from kvmon.config.alerting import Alerting
from kvmon.daemon.notifying import NotifyLoop
from kvmon.journal import file as journal_file
from kvmon.model.alert import Notice
from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.receivers.datadog import Datadog
from kvmon.tell.notify.receivers.email import Email
from kvmon.tell.notify.receivers.integration import Integration, Mail, Post, Stamp
from kvmon.tell.notify.receivers.pagerduty import PagerDuty
from kvmon.tell.notify.receivers.slack import Slack
from kvmon.tell.notify.receivers.webhook import Webhook
from kvmon.tell.notify.send import NotDelivered, Sender
from tests.servers.hook import Answer, Hook
from tests.tell.notify.running import eventually, notice, routing_of, running
from tests.tell.notify.test_dispatcher import Told

NOW = 1_700_000_000.0
STAMP = Stamp("msg_1", NOW)
KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + b64encode(KEY).decode()


@pytest.fixture
def message() -> Payload:
    told = Told()
    words = {"summary": "it lags"}
    told.take(NOW, notice(NOW, ends_at=1e10, alertname="A", target="cache", severity="warning", annotations=words))
    (promise,) = told.at(NOW + 30)
    return promise.message


@pytest.fixture
def over(message: Payload) -> Payload:
    alerts = [{**alert, "status": "resolved"} for alert in message["alerts"]]
    return {**message, "status": "resolved", "alerts": alerts}  # type: ignore[typeddict-item]


def body(made: Post | Mail) -> Any:
    assert isinstance(made, Post)
    return json.loads(made.body)


def test_a_webhook_is_signed_as_standard_webhooks_says(message: Payload) -> None:
    made = Webhook(url="http://h/x", signing_secrets=(SECRET, "whsec_" + b64encode(b"x" * 24).decode())).wire(message, STAMP)
    assert (made.headers["webhook-id"], made.headers["webhook-timestamp"]) == ("msg_1", "1700000000")
    first, second = made.headers["webhook-signature"].split()
    expected = hmac.digest(KEY, b"msg_1.1700000000." + made.body, hashlib.sha256)
    assert b64decode(first.removeprefix("v1,")) == expected
    assert second.startswith("v1,")
    assert SECRET not in repr(made)


@pytest.mark.parametrize("secret", ["whsec_short", "whsec_" + b64encode(b"x" * 10).decode(), "é"])
def test_a_secret_that_is_none_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ValidationError, match="it is no signing secret"):
        Webhook(url="http://h", signing_secrets=(secret,))


def test_a_webhook_says_who_we_are_by_a_file_that_may_change(message: Payload, tmp_path: Path) -> None:
    path = tmp_path / "token"
    hook = Webhook.model_validate(
        {"url": "http://h", "http_config": {"authorization": {"credentials_file": str(path)}}, "max_alerts": 1}
    )
    with pytest.raises(ValueError, match="cannot read"):
        hook.wire(message, STAMP)
    for token in ("one", "two"):
        path.write_text(f"{token}\n")
        assert hook.wire(message, STAMP).headers["Authorization"] == f"Bearer {token}"
    basic = Webhook.model_validate({"url": "http://h", "http_config": {"basic_auth": {"username": "u", "password": "p"}}})
    assert basic.wire(message, STAMP).headers["Authorization"] == f"Basic {b64encode(b'u:p').decode()}"


def test_slack_gets_alertmanager_s_attachment(message: Payload, over: Payload) -> None:
    slack = Slack(api_url="http://h/x", channel="#redis")
    made = body(slack.wire(message, STAMP))
    (attachment,) = made["attachments"]
    assert made["channel"] == "#redis"
    assert attachment["title"] == "[FIRING:1] A (warning cache)"
    assert attachment["title_link"] == "http://kvmon.example/#/alerts?receiver=team"
    assert attachment["color"] == "danger"
    assert body(slack.wire(over, STAMP))["attachments"][0]["color"] == "good"


def test_pagerduty_gets_one_incident_for_a_group(message: Payload, over: Payload) -> None:
    pages = PagerDuty(routing_key="key")
    triggered, resolved = body(pages.wire(message, STAMP)), body(pages.wire(over, STAMP))
    assert (triggered["event_action"], resolved["event_action"]) == ("trigger", "resolve")
    assert triggered["dedup_key"] == resolved["dedup_key"] == hashlib.sha256(b'{}:{alertname="A"}').hexdigest()
    details = triggered["payload"]["custom_details"]
    assert (details["num_firing"], details["num_resolved"]) == (1, 0)
    assert details["firing"][0]["annotations"] == {"summary": "it lags"}


def test_pagerduty_is_not_told_more_than_it_takes(message: Payload) -> None:
    many: Payload = {**message, "alerts": message["alerts"] * 3000}
    made = PagerDuty(routing_key="key").wire(many, STAMP)
    assert len(made.body) < 512_000
    assert body(made)["payload"]["custom_details"]["num_firing"] == 3000


def test_datadog_gets_an_event(message: Payload, over: Payload) -> None:
    datadog = Datadog(api_key="key", site="datadoghq.eu", tags=("env:prod",))
    made = datadog.wire(message, STAMP)
    assert made.url == "https://api.datadoghq.eu/api/v1/events"
    assert made.headers["DD-API-KEY"] == "key"
    event = body(made)
    assert (event["alert_type"], event["title"]) == ("warning", "[FIRING:1] A (warning cache)")
    assert event["tags"] == ["env:prod", "alertname:A", "severity:warning", "target:cache"]
    assert body(datadog.wire(over, STAMP))["alert_type"] == "success"


class Mailbox:
    """A mail server that takes what it is sent, after it refused the first `busy` times."""

    def __init__(self, busy: int = 0) -> None:
        self.mails: list[bytes] = []
        self.busy = busy
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 taken\r\n")
            elif word == b"RCPT" and self.busy:
                self.busy -= 1
                writer.write(b"451 later\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 fine\r\n")
        writer.close()


@asynccontextmanager
async def mailbox(busy: int = 0) -> AsyncIterator[Mailbox]:
    box = Mailbox(busy)
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box


async def test_a_mail_is_sent_and_keeps_its_id(message: Payload) -> None:
    async with mailbox(busy=1) as box, aiohttp.ClientSession() as session:
        mail = Email.model_validate(
            {"to": "a@example.net, b@example.net", "from": "kvmon@example.net", "smarthost": f"127.0.0.1:{box.port}",
             "require_tls": False, "headers": {"Reply-To": "c@example.net"}}
        )  # fmt: skip
        sender = Sender(session, "kvmon/test")
        with pytest.raises(NotDelivered, match="refuses some recipients for now") as refused:
            await sender.send(mail.wire(message, STAMP), NOW)
        assert refused.value.again
        await sender.send(mail.wire(message, STAMP), NOW)
    first, raw = box.mails
    assert b"Message-ID: <msg_1@example.net>" in first, "the second recipient has it already, and can tell"
    sent = message_from_bytes(raw, policy=policy.default)
    assert sent["Subject"] == "[FIRING:1] A (warning cache)"
    assert sent["Message-ID"] == "<msg_1@example.net>"
    assert sent["Reply-To"] == "c@example.net"
    assert " - summary = it lags" in raw.decode()


ANSWERS = [
    (Answer(500), True, None),
    (Answer(503, {"Retry-After": "7"}), True, 7.0),
    (Answer(429, {"Retry-After": "1e9"}), True, 3600.0),
    (Answer(429, {"Retry-After": "Tue, 14 Nov 2023 22:13:30 GMT"}), True, 10.0),
    (Answer(429, {"Retry-After": "soon"}), True, None),
    (Answer(408), True, None),
    (Answer(400), False, None),
    (Answer(404), False, None),
    (Answer(0), True, None),
    (Answer(302, {"Location": "http://127.0.0.1:1/elsewhere"}), False, None),
]


@pytest.mark.parametrize(
    ("said", "fine"),
    [(b"ok", True), (b'{"ok": true}', True), (b'{"ok": false, "error": "x"}', False), (b"no_text", False), (b"{", False)],
)
async def test_slack_may_say_no_with_a_200(message: Payload, said: bytes, fine: bool) -> None:
    with Hook(lambda _: Answer(body=said)) as hook:
        async with aiohttp.ClientSession() as session:
            sent = Sender(session, "kvmon/test").send(Slack(api_url=hook.url).wire(message, STAMP), NOW)
            if fine:
                await sent
            else:
                with pytest.raises(NotDelivered, match="did not take it"):
                    await sent


@pytest.mark.parametrize(("answer", "again", "after"), ANSWERS)
async def test_what_an_answer_means(message: Payload, answer: Answer, again: bool, after: float | None) -> None:
    with Hook(lambda _: answer) as hook:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(NotDelivered) as problem:
                await Sender(session, "kvmon/test").send(Webhook(url=f"{hook.url}/SECRET").wire(message, STAMP), NOW)
        assert len(hook.refused) == 1, "no redirect is followed"
    assert (problem.value.again, problem.value.after) == (again, after)
    assert "SECRET" not in str(problem.value)


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
    opened: list[sqlite3.Connection] = []
    real = journal_file._open

    def small(path: Path) -> sqlite3.Connection:
        connection = real(path)
        if not opened:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={pages}")
        opened.append(connection)
        return connection

    monkeypatch.setattr(journal_file, "_open", small)
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


def test_every_way_of_telling_makes_the_same_of_the_same(message: Payload) -> None:
    ways: list[Integration] = [
        Webhook(url="http://h"), Slack(api_url="http://h"), PagerDuty(routing_key="k"), Datadog(api_key="k"),
    ]  # fmt: skip
    for way in ways:
        assert way.wire(message, STAMP) == way.wire(message, STAMP)
