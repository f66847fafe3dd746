"""Mail by a real mail server that wants TLS and a password, as those of providers do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.receivers.email import Email
from kvmon.tell.notify.receivers.integration import Stamp
from kvmon.tell.notify.send import NotDelivered, Sender
from tests.servers.tls import Certificates
from tests.tell.notify.running import notice
from tests.tell.notify.test_dispatcher import Told

NOW = 1_700_000_000.0


@pytest.fixture
def message() -> Payload:
    told = Told()
    told.take(NOW, notice(NOW, ends_at=1e10, alertname="Down", target="cache", annotations={"summary": "é is down"}))
    (promise,) = told.at(NOW + 30)
    return promise.message


@dataclass
class Mailbox:
    """What was taken, and over what."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    users: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's word
        del server
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.encrypted.append(session.ssl is not None)
        return "250 taken"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object) -> AuthResult:
        del server, session, envelope, mechanism
        assert isinstance(given, LoginPassword)
        self.users.append(given.login)
        return AuthResult(success=given == LoginPassword(b"kvmon", b"canary-secret"), handled=False)


@asynccontextmanager
async def mail_server(certificates: Certificates, *, implicit: bool = False, offers_tls: bool = True) -> AsyncIterator[Mailbox]:
    """One that takes mail of the user kvmon only, over TLS only; `implicit`: TLS from the first byte on."""
    box = Mailbox()
    context = certificates.server()
    options: dict[str, Any] = {"authenticator": box.authenticate, "auth_required": not implicit, "auth_require_tls": not implicit}
    if offers_tls and not implicit:
        options.update(tls_context=context, require_starttls=True)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(box, hostname="mail.example", loop=loop, **options), "127.0.0.1", 0, ssl=context if implicit else None
    )
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box


def email(box: Mailbox, **more: Any) -> Email:
    return Email.model_validate(
        {
            "to": "a@example.net", "from": "kvmon@example.net", "smarthost": f"localhost:{box.port}", "auth_username": "kvmon",
            "auth_password": "canary-secret", **more,
        }
    )  # fmt: skip


async def send(mail: Email, message: Payload) -> None:
    async with aiohttp.ClientSession() as session:
        await Sender(session, "kvmon/test").send(mail.wire(message, Stamp("msg_1", NOW)), NOW)


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    made = Certificates(tmp_path / "tls")
    monkeypatch.setenv("SSL_CERT_FILE", made["ca.pem"])
    return made


async def test_a_mail_goes_over_starttls_with_user_and_password(certificates: Certificates, message: Payload) -> None:
    async with mail_server(certificates) as box:
        await send(email(box), message)
    (mail,) = box.mails
    assert (box.encrypted, box.users) == ([True], [b"kvmon"])
    assert mail["Subject"] == "[FIRING:1] Down (cache)"
    assert "é is down" in mail.get_content()


async def test_a_mail_goes_over_tls_from_the_start(
    certificates: Certificates, message: Payload, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mail_server(certificates, implicit=True) as box:
        monkeypatch.setattr("kvmon.tell.notify.receivers.email.SMTPS", box.port)
        await send(email(box), message)
    assert (len(box.mails), box.users) == (1, [b"kvmon"])


async def test_a_wrong_password_is_told_without_it_and_tried_again(certificates: Certificates, message: Payload) -> None:
    async with mail_server(certificates) as box:
        with pytest.raises(NotDelivered, match=r"^the mail server refuses the user \(535\)$") as refused:
            await send(email(box, auth_password="canary-wrong"), message)
    assert refused.value.again
    assert box.mails == []


async def test_a_server_that_nobody_vouches_for_gets_neither_password_nor_mail(
    certificates: Certificates, message: Payload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    async with mail_server(certificates) as box:
        with pytest.raises(NotDelivered) as refused:
            await send(email(box), message)
    assert refused.value.again
    assert (box.users, box.mails) == ([], [])


async def test_a_server_without_starttls_gets_neither_password_nor_mail(certificates: Certificates, message: Payload) -> None:
    async with mail_server(certificates, offers_tls=False) as box:
        with pytest.raises(NotDelivered) as refused:
            await send(email(box), message)
        assert refused.value.again
        assert (box.users, box.mails) == ([], [])
