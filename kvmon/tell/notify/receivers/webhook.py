"""A webhook: Alertmanager's document, version 4, with the headers of Standard Webhooks."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from kvmon.tell.notify.payload import Payload, shortened, text_of
from kvmon.tell.notify.receivers.integration import HttpConfig, Integration, Post, Secret, Span, Stamp
from kvmon.tell.notify.receivers.urls import SecretUrl

PREFIX = "whsec_"


def _key(secret: SecretStr) -> SecretStr:
    signing_key(secret.get_secret_value())
    return secret


class Webhook(Integration):
    """Posts the document. `webhook-id` is the same at every try, so that a receiver can tell a repetition."""

    kind: ClassVar = "webhook"
    url: SecretUrl | None = None
    url_file: str | None = None
    http_config: HttpConfig = HttpConfig()
    max_alerts: Annotated[int, Field(ge=0)] = 0
    timeout: Span = 0.0
    signing_secrets: tuple[Annotated[SecretStr, AfterValidator(_key)], ...] = ()
    """kvmon's own: keys of Standard Webhooks, `whsec_` and base64; each signs, so that one can be replaced by another."""
    signing_secret_file: str | None = None

    @model_validator(mode="after")
    def _has_url(self) -> Self:
        if (self.url is None) == (self.url_file is None):
            raise ValueError("it needs either url or url_file")
        return self

    def wire(self, message: Payload, stamp: Stamp) -> Post:
        """See Integration."""
        body = text_of(shortened(message, self.max_alerts)).encode()
        secrets = [secret.get_secret_value() for secret in self.signing_secrets]
        if self.signing_secret_file is not None:
            secrets += Secret(file=self.signing_secret_file).read().split()
        headers = {"Content-Type": "application/json", **self.http_config.headers(), **signed(body, stamp, secrets)}
        return Post(Secret.of(self.url, self.url_file).read(), body, headers, self.timeout or 10.0)


def signed(body: bytes, stamp: Stamp, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, one signature for each secret."""
    at = str(int(stamp.at))
    headers = {"webhook-id": stamp.id, "webhook-timestamp": at}
    if secrets:
        content = f"{stamp.id}.{at}.".encode() + body
        signatures = [b64encode(hmac.digest(signing_key(secret), content, hashlib.sha256)).decode() for secret in secrets]
        headers["webhook-signature"] = " ".join(f"v1,{signature}" for signature in signatures)
    return headers


def signing_key(secret: str) -> bytes:
    """The bytes of `whsec_…`. Raises ValueError."""
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        raise ValueError(f"it is no signing secret: {PREFIX} and 24 to 64 bytes in base64")
    return key
