"""Options of the HTTP door."""

from __future__ import annotations

from pydantic import Field, SecretStr

from kvmon.options import Bytes, Options, Seconds, size


class WebOptions(Options):
    """Who may ask, and how much of the daemon one request may take.

    `tokens` are bearer tokens for what changes something; without any, only the same machine may. `users` are names with
    bcrypt hashes (exporter-toolkit's basic_auth_users): with any, all but liveness needs one. `scrape_allow` are regular
    expressions that the address (`host:port`) of a URL on /scrape must match whole.
    """

    tokens: tuple[SecretStr, ...] = ()
    users: dict[str, SecretStr] = Field(default_factory=dict)
    scrape_allow: tuple[str, ...] = ()
    request_timeout: Seconds = 10.0
    max_body: Bytes = size("1MiB")
    refresh: Seconds = 15.0
