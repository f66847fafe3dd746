"""What each receiver gets, and what becomes of its answers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.receivers.datadog import Datadog
from kvmon.tell.notify.receivers.email import Email
from kvmon.tell.notify.receivers.integration import Integration, Mail, Post, Stamp
from kvmon.tell.notify.receivers.pagerduty import PagerDuty
from kvmon.tell.notify.receivers.slack import Slack
from kvmon.tell.notify.receivers.webhook import Webhook
from kvmon.tell.notify.send import NotDelivered, Sender
from tests.servers.hook import Answer, Hook
from tests.tell.notify.running import notice
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


def test_every_way_of_telling_makes_the_same_of_the_same(message: Payload) -> None:
    ways: list[Integration] = [
        Webhook(url="http://h"), Slack(api_url="http://h"), PagerDuty(routing_key="k"), Datadog(api_key="k"),
    ]  # fmt: skip
    for way in ways:
        assert way.wire(message, STAMP) == way.wire(message, STAMP)
