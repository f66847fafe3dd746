"""Credentials by pattern, for targets that have none of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kvmon.config.discovery.options import CredentialRule
from kvmon.config.files import beside, read_text
from kvmon.config.mistakes import Ledger
from kvmon.config.source import Source
from kvmon.model.targets.address import BackendUrl
from kvmon.model.targets.target import Credentials


@dataclass(frozen=True, slots=True)
class Keyring:
    """The rules in their order, with the tables of those that are files."""

    rules: tuple[tuple[CredentialRule, Mapping[str, str]], ...] = field(default=(), repr=False)
    base: str = ""

    def of(self, urls: Sequence[BackendUrl], labels: Mapping[str, str], user: str | None) -> Credentials | None:
        """Those of the first rule that fits; None where none does."""
        for rule, table in self.rules:
            if rule.file is not None:
                found = _entry(table, urls[0], user)
                if found is not None:
                    return found
            elif _fits(rule, urls, labels):
                password = rule.password.get_secret_value() if rule.password is not None else None
                file = beside(rule.password_file, self.base) if rule.password_file else None
                return Credentials(rule.username or user, password, file)
        return None


def keyring_of(rules: Sequence[CredentialRule], base: str, source: Source, ledger: Ledger) -> Keyring:
    """Reads the files; what is wrong with them goes to the ledger."""
    read = []
    for index, rule in enumerate(rules):
        table: dict[str, str] = {}
        path = rule.file or rule.password_file
        if path is not None:
            path = beside(path, base)
            source.files.append(path)
            try:
                text = read_text(path)
                table = _table(text, path) if rule.file is not None else {}
            except ValueError as error:
                ledger.add(f"credentials[{index}]: {error}", where=source.where(("credentials", index)))
        read.append((rule, table))
    return Keyring(tuple(read), base)


def _table(text: str, path: str) -> dict[str, str]:
    try:
        table = json.loads(text)
    except ValueError:
        table = None
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise ValueError(f'{path} is no JSON map such as {{"redis://user@host:6379": "password"}}')
    return table


def _entry(table: Mapping[str, str], url: BackendUrl, user: str | None) -> Credentials | None:
    """As redis_exporter looks it up: by the URL with its user; here a user that the table alone knows counts too."""
    place = str(url.address)
    for key, password in table.items():
        scheme, _, rest = key.partition("://")
        name, at, host = rest.rpartition("@")
        if scheme == url.scheme and host.rstrip("/") == place and (not user or not at or name == user):
            return Credentials((name if at else None) or user, password or None)
    return None


def _fits(rule: CredentialRule, urls: Sequence[BackendUrl], labels: Mapping[str, str]) -> bool:
    if any(labels.get(name) != value for name, value in rule.labels.items()):
        return False
    return not rule.hosts or all(any(_matches(url.address.host, host) for host in rule.hosts) for url in urls)


def _matches(host: str, pattern: str) -> bool:
    host, pattern = host.lower().rstrip("."), pattern.lower().rstrip(".")
    return host.endswith(pattern[1:]) if pattern.startswith("*") else host == pattern
