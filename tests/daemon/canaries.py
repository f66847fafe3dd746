"""A configuration in which every place for a secret holds a canary."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import bcrypt
from pydantic import BaseModel, SecretStr

TOKEN = "canary-token"
HASH = bcrypt.hashpw(b"canary-login", bcrypt.gensalt(4)).decode()
SIGNING = "whsec_" + base64.b64encode(b"canary-signing-canary-signing").decode()
PRIVATE = {HASH, HASH.partition("$2b$04$")[2], SIGNING.removeprefix("whsec_")}
"""What is as secret as canaries are, and looks otherwise."""

DEAD = "http://127.0.0.1:1"
"""Nobody listens: what is sent there fails, and the failure is told."""


def unlock(folder: Path) -> dict[str, Any]:
    """Files and sections whose only purpose is to hold secrets."""

    def file(name: str, content: object) -> str:
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
        return str(folder / name)

    lost = [{"targets": ["redis://user:canary-found@127.0.0.1:1"]}, {"targets": ["redis://u:canary-lost@127.0.0.1:x"]}]
    always = {"groups": [{"name": "g", "rules": [{"alert": "Always", "expr": "vector(1)"}]}]}
    return {
        "web": {
            "tokens": [TOKEN, {"token": "canary-reporter", "scopes": ["reports"]}],
            "config_file": file("web.yml", {"basic_auth_users": {"ann": HASH}}),
        },
        "alerting": {
            "config_file": file("alertmanager.yml", alertmanager(file)),
            "alertmanagers": ["http://u:canary-am@127.0.0.1:1"],
        },
        "rules": {"files": [file("rules.yml", always)], "evaluation_interval": "1s"},
        "credentials": [
            {"hosts": ["secured.example"], "username": "u", "password": "canary-rule"},
            {"hosts": ["filed.example"], "username": "u", "password_file": file("rule", "canary-rule-file")},
            {"file": file("map.json", {"redis://mapped@127.0.0.1:1": "canary-mapped"})},
        ],
        "discovery": {
            "files": [file("found.json", lost)],
            "http": [
                "http://u:canary-sd@127.0.0.1:1/",
                {"url": DEAD, "token": "canary-sd-token"},
                {"url": DEAD, "token_file": file("sd-token", "canary-sd-token-file")},
                {"url": DEAD, "username": "u", "password": "canary-sd-password"},
                {"url": DEAD, "username": "u", "password_file": file("sd-password", "canary-sd-password-file")},
            ],
            "kubernetes": [{"role": "pod", "api": DEAD, "token_file": file("pod-token", "canary-pod-token")}],
            "defaults": {"password": "canary-default"},
        },
        "targets": [
            {"name": "away", "url": "redis://user:canary-url@127.0.0.1:1"},
            {"name": "filed", "url": "redis://127.0.0.1:1", "password_file": file("password", "canary-file")},
            {"name": "watched", "url": "redis+sentinel://127.0.0.1:1/s", "sentinel": {"password": "canary-sentinel"}},
            {
                "name": "watched-too",
                "url": "redis+sentinel://127.0.0.1:1/s",
                "sentinel": {"password_file": file("sentinel", "canary-sentinel-file")},
            },
        ],
    }


def alertmanager(file: Any) -> dict[str, Any]:
    """Alertmanager's file: each kind of receiver with its secret in it, and in a file beside it."""

    def says(**authorization: str) -> dict[str, Any]:
        return {"url": DEAD, "http_config": {"authorization": authorization}}

    def signs_in(**password: str) -> dict[str, Any]:
        return {"url": DEAD, "http_config": {"basic_auth": {"username": "u", **password}}}

    receivers = {
        "name": "all",
        "webhook_configs": [
            {"url": "http://user:canary-hook@127.0.0.1:1/canary-path"},
            {"url_file": file("hook", f"{DEAD}/canary-hook-file")},
            {"url": DEAD, "signing_secrets": [SIGNING]},
            {"url": DEAD, "signing_secret_file": file("signing", SIGNING)},
            says(credentials="canary-bearer"),
            says(credentials_file=file("bearer", "canary-bearer-file")),
            signs_in(password="canary-basic"),
            signs_in(password_file=file("basic", "canary-basic-file")),
        ],
        "pagerduty_configs": [
            {"routing_key": "canary-pager", "url": DEAD},
            {"routing_key_file": file("pager", "canary-pager-file"), "url": DEAD},
        ],
        "slack_configs": [
            {"channel": "#a"},
            {"channel": "#b", "api_url": f"{DEAD}/canary-slack-own"},
            {"channel": "#c", "api_url_file": file("slack", f"{DEAD}/canary-slack-file")},
        ],
        "email_configs": [
            {"to": "a@example.net", "auth_username": "u", "auth_password": "canary-mail"},
            {"to": "a@example.net", "auth_username": "u", "auth_password_file": file("mail", "canary-mail-file")},
        ],
        "datadog_configs": [
            {"api_key": "canary-event", "api_url": DEAD},
            {"api_key_file": file("event", "canary-event-file"), "api_url": DEAD},
        ],
    }
    return {
        "global": {
            "smtp_smarthost": "127.0.0.1:1",
            "smtp_from": "k@example.net",
            "smtp_auth_password": "canary-smtp",
            "slack_api_url": f"{DEAD}/canary-slack",
        },
        "route": {"receiver": "all", "group_wait": "0s"},
        "receivers": [receivers],
    }


def places(model: type[BaseModel]) -> set[str]:
    """Where below these options a secret may stand, or a file with one: `Class.option`."""
    found: set[str] = set()
    for each in {model, *_below(model, set())}:
        fields = each.model_fields
        secrets = {name for name, field in fields.items() if SecretStr in _parts(field.annotation)}
        files = {name for name in fields if name.endswith("_file") and any(stem in secrets for stem in _stems(name))}
        found |= {f"{each.__name__}.{name}" for name in secrets | files}
    return found


def filled(options: object) -> Iterator[str]:
    """Which of those places something stands in."""
    if isinstance(options, BaseModel):
        for name in type(options).model_fields:
            value = getattr(options, name)
            if value:
                yield f"{type(options).__name__}.{name}"
            yield from filled(value)
    elif isinstance(options, tuple | list | dict):
        for value in options.values() if isinstance(options, dict) else options:
            yield from filled(value)


def _stems(name: str) -> tuple[str, str]:
    stem = name.removesuffix("_file")
    return stem, f"{stem}s"


def _below(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    for field in model.model_fields.values():
        for part in _parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel) and part not in seen:
                seen.add(part)
                _below(part, seen)
    return seen


def _parts(annotation: Any) -> set[Any]:
    parts = get_args(annotation)
    return {annotation} | {inner for part in parts for inner in _parts(part) if isinstance(part, type) or get_args(part)}
