"""E-mail: plain text, by the mail server that is named. The `Message-ID` is the same at every try."""

from __future__ import annotations

from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, SecretStr

from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.receivers.integration import Integration, Mail, Secret, Stamp
from kvmon.tell.notify.templates import Text
from kvmon.tell.notify.texts import firing, listing, resolved

SMTPS = 465
"""The port at which TLS begins with the first byte."""


def _smarthost(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError(f"{text!r} is no mail server: write HOST:PORT, such as smtp.example.net:587")
    return text


def _addresses(text: str) -> str:
    found = [address for _, address in getaddresses([text])]
    if not found or any("@" not in address or "\n" in address for address in found):
        raise ValueError(f"{text!r} is no list of addresses")
    return text


Smarthost = Annotated[str, AfterValidator(_smarthost)]
Addresses = Annotated[str, AfterValidator(_addresses)]


class Email(Integration):
    """Sends to `to`; what is not given here is as `global` says."""

    kind: ClassVar = "email"
    send_resolved: bool = False
    to: Addresses
    from_: Addresses | None = Field(default=None, alias="from")
    smarthost: Smarthost | None = None
    hello: str | None = None
    auth_username: str | None = None
    auth_password: SecretStr | None = None
    auth_password_file: str | None = None
    require_tls: bool | None = None
    headers: dict[str, Text] = Field(default_factory=dict)
    text: Text = ""
    """The body; default: all alerts with their labels and annotations."""

    def wire(self, message: Payload, stamp: Stamp) -> Mail:
        """See Integration."""
        host, _, port = (self.smarthost or "localhost:25").rpartition(":")
        write = self.writer(message, stamp)
        mail = EmailMessage()
        sender = self.from_ or "kvmon@localhost"
        mail["From"], mail["To"] = sender, self.to
        mail["Subject"] = " ".join(write('{{ template "email.default.subject" . }}').split())
        mail["Message-ID"] = f"<{stamp.id}@{sender.rpartition('@')[2].strip('<> ')}>"
        mail["Date"] = format_datetime(datetime.fromtimestamp(stamp.at, UTC))
        for name, value in self.headers.items():
            del mail[name]
            try:
                mail[name] = " ".join(write(value).split())
            except (MessageError, ValueError):
                raise ValueError(f"headers: {name} cannot stand in a mail") from None
        parts = [("Firing", firing(message)), ("Resolved", resolved(message))]
        told = "\n".join(f"{title}: {len(some)}\n\n{listing(some)}" for title, some in parts if some)
        mail.set_content(write(self.text) or told)
        password = Secret.of(self.auth_password, self.auth_password_file).read()
        tls = "tls" if int(port) == SMTPS else "none" if self.require_tls is False else "starttls"
        return Mail(
            message=mail, recipients=tuple(address for _, address in getaddresses([self.to])), host=host.strip("[]"),
            port=int(port), hello=self.hello or "localhost", username=self.auth_username, password=password or None, tls=tls,
        )  # fmt: skip
