"""From a target's `auth` to the identity that it signs in with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec

from kvmon.config.target_options import TargetOptions
from kvmon.model.targets.providers import Provider
from kvmon.model.targets.target import Auth, Credentials

NEEDS = {"entra": ("azure.identity", "entra"), "elasticache-iam": ("botocore", "aws")}
"""The module that each type needs, and the extra of kvmon that brings it."""


def identity(
    options: TargetOptions, credentials: Credentials, provider: Provider, note: Callable[[str, str], None]
) -> Credentials:
    """The credentials with the identity; what contradicts it is noted."""
    given = options.auth
    assert given is not None  # noqa: S101 - asked only then
    module, extra = NEEDS[given.type]
    if not _installed(module):
        note("auth", f"{given.type} needs the package {module.replace('.', '-')}: pip install 'kvmon[{extra}]'")
    if credentials.secret:
        note("auth", "there is a password too: keep one of them")
    if not all(url.tls for url in options.addresses):
        note("auth", "tokens are sent over TLS only: write rediss:// or valkeys://")
    username = credentials.username or ""
    if given.type == "entra":
        return replace(credentials, auth=Auth("entra", scope=given.scope, client_id=given.client_id or ""))
    for key, value in (("username", username), ("auth.cache", given.cache)):
        if not value:
            note(key.partition(".")[0], f"{given.type} needs {key}: the token is signed for it")
    service = "memorydb" if provider.name == "memorydb" else "elasticache"
    where = Auth(given.type, cache=(given.cache or "").lower(), region=given.region or "", service=service)
    return replace(credentials, auth=replace(where, username=username, serverless=provider.name == "elasticache-serverless"))


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its parent is missing
        return False
