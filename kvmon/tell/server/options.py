"""Options of the HTTP door."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, SecretStr

from kvmon.options import Bytes, Options, Seconds, size

Scope = Literal["read", "write", "reports"]
SCOPES: tuple[Scope, ...] = ("read", "write", "reports")


def _redacted(_value: SecretStr) -> str:
    return "<redacted>"


class TokenOptions(Options):
    """A bearer token and what it is good for. The token alone, as a text, is good for all of it."""

    token: Annotated[SecretStr, Field(min_length=8), PlainSerializer(_redacted, return_type=str)]
    """8 characters or more."""
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)] = SCOPES
    """`read`: what users may see, without being one; `reports`: `POST /v1/reports`; `write`: all else that changes something."""


def _whole(value: object) -> object:
    return {"token": value} if isinstance(value, str | SecretStr) else value


Token = Annotated[TokenOptions, BeforeValidator(_whole)]


class WebOptions(Options):
    """Who may ask, and how much of the daemon one request may take.

    `tokens` are bearer tokens for what changes something; without any, only the same machine may. `users` are names with
    bcrypt hashes (exporter-toolkit's basic_auth_users): with any, all but liveness needs one. `scrape_allow` are regular
    expressions that the address (`host:port`) of a URL on /scrape must match whole.
    """

    tokens: tuple[Token, ...] = ()
    users: dict[str, SecretStr] = Field(default_factory=dict)
    scrape_allow: tuple[str, ...] = ()
    request_timeout: Seconds = 10.0
    max_body: Bytes = size("1MiB")
    refresh: Seconds = 15.0
