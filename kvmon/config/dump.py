"""The effective configuration as YAML, without secrets."""

from __future__ import annotations

import json
from typing import Any

import yaml

from kvmon.config.config import Config
from kvmon.judge.breakers.options import BreakerOptions
from kvmon.model.targets.target import Target
from kvmon.options import format_duration, format_size
from kvmon.tell.notify.options import without_password

REDACTED = "<redacted>"


def dump(config: Config) -> str:
    """YAML in the order of the documentation; what is not set is left out."""
    data = {
        "interval": format_duration(config.interval),
        "timeout": format_duration(config.timeout),
        "poll": config.poll,
        "listen": config.listen,
        "namespace": config.namespace,
        "control": str(config.control) if config.control else None,
        "state_dir": config.state_dir,
        "exporter_mode": config.exporter_mode or None,
        "default_target": config.default_target,
        "event_loop": config.event_loop,
        "log": config.log.model_dump(mode="json"),
        "web": _web(config),
        "datadog": config.datadog.model_dump(mode="json") if config.datadog else None,
        "alerting": _alerting(config),
        "window": config.window.model_dump(mode="json"),
        "rules": _rules(config),
        "migration": config.migration.model_dump(mode="json") if config.migration else None,
        "scrape_allow": list(config.scrape_allow),
        "shard": str(config.part) if config.part is not None else None,
        "discovery": _discovery(config),
        "targets": [_target(config, target) for target in config.targets],
    }
    return yaml.safe_dump(_tidy(data), sort_keys=False, allow_unicode=True, default_flow_style=False, width=130)


def _alerting(config: Config) -> dict[str, Any]:
    alerting = config.alerting
    return {
        "alertmanagers": [without_password(url) for url in alerting.alertmanagers],
        "external_url": alerting.external_url or None,
        "notifier": json.loads(alerting.routing.original) if alerting.routing else None,
    }


def _rules(config: Config) -> dict[str, Any] | None:
    rules = config.rules
    return {"files": list(rules.files), "evaluation_interval": format_duration(rules.interval / 1000)} if rules.files else None


def _discovery(config: Config) -> dict[str, Any] | None:
    if config.discovery is None:
        return None
    found: dict[str, Any] = config.discovery.options.model_dump(mode="json")
    found["files"] = list(config.discovery.files)
    for secret in ("password", "sentinel"):
        if secret in found["defaults"]:
            found["defaults"][secret] = REDACTED
    return found


def _web(config: Config) -> dict[str, Any]:
    web = config.web
    tls = {name: getattr(web, name) for name in ("cert", "key", "client_ca", "client_auth", "min_version")}
    return {
        "tokens": [{"token": REDACTED, "scopes": list(each.scopes)} for each in web.tokens],
        "users": dict.fromkeys(web.users, REDACTED),
        "tls": tls if web.cert else None,
    }


def _target(config: Config, target: Target) -> dict[str, Any]:
    credentials, tls = target.credentials, target.tls
    return {
        "name": target.name,
        "urls": _urls(target),
        "provider": target.provider.name,
        "service": target.service,
        "username": credentials.username,
        "password": REDACTED if credentials.password else None,
        "password_file": credentials.password_file,
        "sentinel": _sentinel(target),
        "topology": target.topology,
        "auth": _auth(target),
        "tls": None if tls is None else {name: getattr(tls, name) for name in tls.__slots__},
        "memory_limit": format_size(target.memory_limit) if target.memory_limit else None,
        "sku": target.sku or None,
        "labels": dict(target.labels),
        "critical": target.critical,
        "interval": format_duration(target.interval),
        "timeout": format_duration(target.timeout),
        "probe": _probe(target),
        "breaker": _breaker(target),
        "collectors": config.collectors_of(target).model_dump(mode="json"),
    }


def _urls(target: Target) -> list[str]:
    if target.sentinels is not None:
        kind, places = "rediss" if target.tls else "redis", ",".join(map(str, target.addresses))
        return [f"{kind}+sentinel://{places}/{target.sentinels.service}"]
    return [url_of(target, str(address), is_path=bool(address.path)) for address in target.addresses]


def _sentinel(target: Target) -> dict[str, Any] | None:
    if target.sentinels is None:
        return None
    own = target.sentinels.credentials
    return {"username": own.username, "password": REDACTED if own.password else None, "password_file": own.password_file}


def _auth(target: Target) -> dict[str, Any] | None:
    auth = target.credentials.auth
    if auth is None:
        return None
    named = {"type": auth.kind, "scope": auth.scope, "client_id": auth.client_id, "cache": auth.cache, "region": auth.region}
    return {key: value for key, value in named.items() if value}


def _probe(target: Target) -> dict[str, Any] | str:
    probe = target.probe
    if probe is None:
        return "off"
    write = format_duration(probe.write_every) if probe.write_every is not None else "off"
    return {"interval": format_duration(probe.interval), "timeout": format_duration(probe.timeout), "write_every": write}


def _breaker(target: Target) -> dict[str, Any]:
    rules = target.breaker
    return BreakerOptions(**{name: getattr(rules, name) for name in BreakerOptions.model_fields}).model_dump(mode="json")


def url_of(target: Target, address: str, *, is_path: bool) -> str:
    """A URL of a node, without credentials."""
    if is_path:
        return f"unix://{address}"
    return f"redis{'s' if target.tls else ''}://{address}"


def _tidy(value: Any) -> Any:
    if isinstance(value, dict):
        tidied = {key: _tidy(inner) for key, inner in value.items()}
        return {key: inner for key, inner in tidied.items() if inner is not None and inner not in ({}, [])}
    return [_tidy(inner) for inner in value] if isinstance(value, list | tuple) else value
