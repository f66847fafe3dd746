"""Targets from the environment: each set of variables that is present gives one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kvmon.config.environment.exporter import exporter_target, refuse_without_node
from kvmon.config.environment.places import Environment
from kvmon.config.mistakes import Ledger
from kvmon.config.source import Source
from kvmon.config.urls import read_url

SETS = ("KVMON_TARGETS", "REDIS_URL", "REDIS_HOST", "AZURE_REDIS_HOST", "AZURE_MANAGED_REDIS_HOST", "VALKEY_ENDPOINTS")
"""The variable of each set that has to be there for the set to count."""

TYPES = {
    "redis": "REDIS_URL or REDIS_HOST",
    "azure_cache": "AZURE_REDIS_HOST",
    "azure_managed": "AZURE_MANAGED_REDIS_HOST",
    "valkey": "VALKEY_ENDPOINTS",
}
"""Values of REDIS_TYPE, and the variables that give the target of that name."""

_NAMED = re.compile(r"([a-z0-9][a-z0-9._-]{0,62})=(?=[a-z+]+://)")


@dataclass(frozen=True, slots=True)
class EnvironmentTargets:
    """How the targets came about. `services`: by target, the fields of Target that its set implies."""

    exporter_mode: bool = False
    default: str | None = None
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def configured(variables: Mapping[str, str]) -> bool:
    """Whether the environment names a target."""
    return any(variables.get(name, "").strip() for name in ("REDIS_ADDR", *SETS))


def environment_targets(environment: Environment, source: Source, ledger: Ledger) -> EnvironmentTargets:
    """Add the targets that the environment names to the source."""
    others = [name for name in SETS if name in environment]
    if "REDIS_ADDR" in environment:
        if others:
            ledger.add(
                f"REDIS_ADDR asks for exporter mode (one node, series as redis_exporter's), {others[0]} for a target beside it",
                where=environment.place("REDIS_ADDR"), hint="unset one of them; KVMON_TARGETS may name several nodes",
            )  # fmt: skip
            return EnvironmentTargets()
        name = exporter_target(environment, source, ledger)
        return EnvironmentTargets(exporter_mode=True, default=name)
    refuse_without_node(environment, ledger)
    added = _Added(environment, source)
    _kvmon(environment, added, ledger)
    _redis(environment, added, ledger)
    _azure(environment, added)
    _valkey(environment, added)
    default = _default(environment, added, ledger)
    return EnvironmentTargets(default=default, services={name: {"service": word} for name, word in added.services.items()})


class _Added:
    """Puts targets into the source, each value with the variable it comes from."""

    def __init__(self, environment: Environment, source: Source) -> None:
        self.environment = environment
        self.source = source
        self.services: dict[str, str] = {}
        self.names: list[str] = []

    def __call__(
        self,
        variable: str,
        values: Mapping[str, Any],
        *,
        secret: str = "",
        service: str | None = None,
    ) -> None:
        target = dict(values)
        places = {key: self.environment.place(variable) for key in target}
        if secret and secret in self.environment:
            target["password"] = self.environment[secret]
            places["password"] = self.environment.place(secret)
        self.source.add_target(target, places, self.environment.place(variable))
        self.names.append(target["name"])
        if service:
            self.services[target["name"]] = service


def _kvmon(environment: Environment, added: _Added, ledger: Ledger) -> None:
    used: set[str] = set()
    for word in environment.get("KVMON_TARGETS", "").split():
        found = _NAMED.match(word)
        text = word[found.end() :] if found else word
        try:
            url = read_url(text)
        except ValueError as error:
            ledger.add(f"one of its URLs: {error}", where=environment.place("KVMON_TARGETS"))
            continue
        host = re.sub(r"[^a-z0-9._-]+", "-", (url.address.host or url.address.path).lower()).strip("-._")[:56] or "target"
        name = found[1] if found else host
        if not found and name in used:
            name = f"{host}-{url.address.port}"
        used.add(name)
        added("KVMON_TARGETS", {"name": name, "url": text})


def _redis(environment: Environment, added: _Added, ledger: Ledger) -> None:
    if "REDIS_URL" in environment:
        has_password = False
        with contextlib.suppress(ValueError):  # reported when the target is validated, with the others
            has_password = read_url(environment["REDIS_URL"]).password is not None
        added("REDIS_URL", {"name": "redis", "url": environment["REDIS_URL"]}, secret="" if has_password else "REDIS_PASSWORD")
    elif "REDIS_HOST" in environment:
        place = _place(environment["REDIS_HOST"], _port(environment, ledger))
        added("REDIS_HOST", {"name": "redis", "url": f"redis://{place}"}, secret="REDIS_PASSWORD")  # noqa: S106 - the name of a variable


def _port(environment: Environment, ledger: Ledger) -> int:
    """REDIS_PORT; Kubernetes sets it to `tcp://10.0.0.1:6379` where a Service is called redis."""
    text = environment.get("REDIS_PORT", "6379").strip()
    number = text.rpartition(":")[2] if text.startswith("tcp://") else text
    if not (number.isascii() and number.isdigit()) or not 0 < int(number) < 65_536:
        ledger.add("it is no port from 1 to 65535", where=environment.place("REDIS_PORT"))
        return 6379
    return int(number)


AZURE = (
    ("AZURE_REDIS", "azure_cache", 6380, "azure-cache"),
    ("AZURE_MANAGED_REDIS", "azure_managed", 10_000, "azure-managed"),
)
"""Prefix of the variables, name of the target, port with TLS, provider."""


def _azure(environment: Environment, added: _Added) -> None:
    for prefix, name, port, provider in AZURE:
        variable = f"{prefix}_HOST"
        if variable in environment:
            values = {"name": name, "url": f"rediss://{_place(environment[variable], port)}", "provider": provider}
            added(variable, values, secret=f"{prefix}_PASSWORD", service=name)


def _valkey(environment: Environment, added: _Added) -> None:
    if "VALKEY_ENDPOINTS" in environment:
        places = [place.strip() for place in environment["VALKEY_ENDPOINTS"].split(",") if place.strip()]
        urls = [place if "://" in place else f"valkey://{place}" for place in places]
        added("VALKEY_ENDPOINTS", {"name": "valkey", "urls": urls}, secret="VALKEY_PASSWORD", service="valkey")  # noqa: S106 - the same


def _default(environment: Environment, added: _Added, ledger: Ledger) -> str | None:
    wanted = environment.get("REDIS_TYPE", "").strip()
    if not wanted:
        return None
    where = environment.place("REDIS_TYPE")
    if wanted not in TYPES:
        ledger.add(f"{wanted!r} is no type of backend", where=where, hint=f"use one of {', '.join(TYPES)}")
    elif wanted in added.names:
        return wanted
    elif added.names and wanted != "redis":
        ledger.add(f"it names the target {wanted!r}, and there is none", where=where, hint=f"set {TYPES[wanted]}")
    return None


def _place(text: str, port: int) -> str:
    """`host:port`, with the port of the set unless the text has one."""
    host = text.strip()
    if host.startswith("["):
        return host if not host.endswith("]") else f"{host}:{port}"
    if host.count(":") > 1:
        return f"[{host}]:{port}"
    return host if ":" in host else f"{host}:{port}"
