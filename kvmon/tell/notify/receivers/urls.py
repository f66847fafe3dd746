"""URLs of receivers: they may hold secrets, and only a configuration gives them."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr


def _http(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise ValueError("it is no URL of a web server: write http://HOST/… or https://HOST/…")
    return text


def _secret(value: SecretStr) -> SecretStr:
    _http(value.get_secret_value())
    return value


SecretUrl = Annotated[SecretStr, AfterValidator(_secret)]
"""An http or https URL that is never shown."""

Url = Annotated[str, AfterValidator(_http)]
"""An http or https URL."""
