"""From a target's options to the target itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from kvmon.config.explain import nearest
from kvmon.config.files import beside, read_text
from kvmon.config.identity import identity
from kvmon.config.keyring import Keyring
from kvmon.config.labels import collisions
from kvmon.config.mistakes import Ledger
from kvmon.config.source import Path, Source, spelled
from kvmon.config.target_options import TargetOptions
from kvmon.config.trust import tls_of
from kvmon.model.targets.address import Address, BackendUrl
from kvmon.model.targets.providers import BY_NAME, PROVIDERS, Provider, provider_of
from kvmon.model.targets.target import Credentials, Probe, Sentinels, Target, Tls
from kvmon.options import format_duration

SHORTEST = 0.1
"""Seconds between polls at the least; more often is a load test."""


@dataclass(frozen=True, slots=True)
class Common:
    """What targets take from the top of the file. `given`: whether the timeout was written there. `base`: the file's folder."""

    interval: float
    timeout: float
    given: bool
    base: str
    bare: bool = False
    keyring: Keyring = field(default_factory=Keyring)


def target_of(options: TargetOptions, path: Path, common: Common, source: Source, ledger: Ledger) -> Target:
    """The target; what its options contradict goes to the ledger, and the target is then not to be used."""
    note = _Note(path, source, ledger)
    urls = options.addresses
    provider = _provider(options.provider, urls)
    credentials = _credentials(options, urls, common.base, note)
    if options.auth is not None:
        credentials = identity(options, credentials, provider, note)
    elif credentials.password is None and credentials.password_file is None:
        credentials = common.keyring.of(urls, options.labels, credentials.username) or credentials
    interval = options.interval or common.interval
    timeout = options.timeout or common.timeout
    if interval < SHORTEST:
        note("interval", f"{format_duration(interval)} is too short: at least {format_duration(SHORTEST)}")
    if timeout > interval:
        if options.timeout is not None or (common.given and options.interval is None):
            longer = (
                f"{format_duration(timeout)} is longer than the interval {format_duration(interval)}: a poll has to end first"
            )
            note("timeout", longer)
        timeout = interval
    for label, owner in collisions(options.labels):
        note("labels", f"the label {label!r} is taken: {owner} carries it: choose another name", label)
    for url in {url.address: url for url in urls if urls.count(url) > 1}.values():
        note("urls", f"{url.address} stands there twice")
    return Target(
        name=options.name, addresses=tuple(_address(url, provider) for url in urls), credentials=credentials,
        tls=_tls(options, urls, common.base, note), provider=provider, interval=interval, timeout=timeout,
        memory_limit=options.memory_limit, labels=dict(options.labels), critical=options.critical, bare=common.bare,
        service=_service(provider, urls), topology="standalone" if common.bare else options.topology,
        address_map=dict(options.address_map), forget_after=options.forget_after,
        probe=None if common.bare else _probe(options), breaker=options.breaker.thresholds(), sku=_sku(options, provider, note),
        sentinels=_sentinels(options, urls, common.base, note),
        workloads=tuple(each.workload() for each in options.workloads), scan=options.scan.scan(),
    )  # fmt: skip


class _Note:
    """Writes down a mistake in one target."""

    def __init__(self, path: Path, source: Source, ledger: Ledger) -> None:
        self._path = path
        self._source = source
        self._ledger = ledger

    def __call__(self, key: str, message: str, *below: str) -> None:
        path = (*self._path, *key.split("."))
        self._ledger.add(f"{spelled(path)}: {message}", where=self._source.where((*path, *below)))

    def read(self, key: str, path: str) -> str:
        """Read a file that has to be there; its text, or nothing where that failed."""
        self._source.files.append(path)
        try:
            return read_text(path)
        except ValueError as error:
            self(key, str(error))
            return ""


def _credentials(options: TargetOptions, urls: Iterable[BackendUrl], base: str, note: _Note) -> Credentials:
    users = {url.username for url in urls}
    passwords = {url.password for url in urls}
    if len(users) > 1 or len(passwords) > 1:
        note("urls", "they carry different credentials: make each a target of its own, or give username and password once")
    username, password = next(iter(users), None), next(iter(passwords), None)
    if username and options.username and username != options.username:
        note("username", "the url names another user: keep one")
    given = options.password.get_secret_value() if options.password is not None else None
    if password and (given or options.password_file):
        key = "password" if given else "password_file"
        note(key, "the url holds a password too: keep one")
    file = None
    if options.password_file:
        file = beside(options.password_file, base)
        note.read("password_file", file)
    return Credentials(options.username or username, None if file else given or password or None, file)


def _tls(options: TargetOptions, urls: Iterable[BackendUrl], base: str, note: _Note) -> Tls | None:
    kinds = {url.tls for url in urls}
    if len(kinds) > 1:
        note("urls", "some are with TLS (rediss, valkeys) and some without: make them alike")
    if not any(kinds):
        if options.tls is not None:
            note("tls", "the url is without TLS: write rediss:// or valkeys://, or remove tls")
        return None
    tls = tls_of(options.tls, base)
    for name in ("ca", "cert", "key"):
        path = getattr(tls, name)
        if path is not None:
            note.read(f"tls.{name}", path)
    return tls


def _sentinels(options: TargetOptions, urls: Iterable[BackendUrl], base: str, note: _Note) -> Sentinels | None:
    service = next((url.service for url in urls), "")
    if not service:
        return None
    given = options.sentinel
    if given is None:
        return Sentinels(service)
    file = beside(given.password_file, base) if given.password_file else None
    if file:
        note.read("sentinel.password_file", file)
    password = given.password.get_secret_value() if given.password is not None else None
    return Sentinels(service, Credentials(given.username, password or None, file))


def _probe(options: TargetOptions) -> Probe | None:
    given = options.probe
    return Probe(given.interval, given.timeout, given.write_every) if given is not None else None


def _address(url: BackendUrl, provider: Provider) -> Address:
    """Where it is; without a port in the URL where the provider listens."""
    if url.port_given or url.address.path:
        return url.address
    return replace(url.address, port=provider.tls_port if url.tls else provider.port)


def _sku(options: TargetOptions, provider: Provider, note: _Note) -> str:
    if options.sku is None:
        return ""
    # `Standard_C1`, `Balanced_B10`: how Azure's own tools write it.
    name = options.sku.rpartition("_")[2].upper()
    if not provider.sizes:
        note("sku", f"no sizes are known of {provider.title}: write memory_limit, or provider")
    elif name not in provider.sizes:
        note("sku", f"{options.sku!r} is no size of {provider.title} ({nearest(name, provider.sizes)})")
    return name


def _provider(name: str, urls: Iterable[BackendUrl]) -> Provider:
    if name != "auto":
        return BY_NAME[name]
    found = (provider_of(url.address.host) for url in urls)
    return next((row for row in found if row is not PROVIDERS[0]), PROVIDERS[0])


def _service(provider: Provider, urls: Iterable[BackendUrl]) -> str:
    if provider.service == "redis" and any(url.scheme.startswith("valkey") for url in urls):
        return "valkey"
    return provider.service
