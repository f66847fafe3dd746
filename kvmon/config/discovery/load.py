"""From the options of discovery to what the daemon needs."""

from __future__ import annotations

from importlib.util import find_spec
from ipaddress import ip_address

from pydantic import ValidationError

from kvmon.config.discovery.options import DiscoveryOptions
from kvmon.config.discovery.sources import DnsSource, HttpSource, KubernetesSource
from kvmon.config.discovery.targets import Discovery
from kvmon.config.explain import Explainer
from kvmon.config.files import beside, read_text
from kvmon.config.merging import merged
from kvmon.config.mistakes import Ledger
from kvmon.config.options import FileOptions
from kvmon.config.source import Path, Source, spelled
from kvmon.config.target_options import TargetOptions
from kvmon.config.targets import Common, target_of
from kvmon.config.trust import tls_of
from kvmon.model.targets.address import parse_address
from kvmon.watch.collectors import Collectors

SAMPLE = {"name": "found", "url": "redis://found.invalid"}
"""Stands for a target that will be found, so that a wrong default is told when it is loaded."""


def discovery_of(options: FileOptions, taken: frozenset[str], common: Common, source: Source, ledger: Ledger) -> Discovery | None:
    """None where no document is named. Mistakes go to the ledger."""
    given = options.discovery
    if given is None or not (given.files or given.http or given.dns or given.kubernetes):
        return None
    if given.dns and find_spec("dns") is None:
        ledger.add(
            "discovery.dns: dnspython is not installed", where=source.where(("discovery", "dns")), hint="pip install 'kvmon[dns]'"
        )
    for index, record in enumerate(given.dns):
        _check_nameserver(record, index, source, ledger)
    _check_defaults(given, common, source, ledger)
    for kind in ("http", "kubernetes"):
        for index, one in enumerate(getattr(given, kind)):
            _check_files(one, ("discovery", kind, index), common.base, source, ledger)
    return Discovery(
        tuple(beside(pattern, common.base) for pattern in given.files), given, common, _collectors(given, source), taken
    )


def _check_nameserver(one: DnsSource, index: int, source: Source, ledger: Ledger) -> None:
    if one.nameserver is None:
        return
    try:
        ip_address(parse_address(one.nameserver).host)
    except ValueError:
        path = ("discovery", "dns", index, "nameserver")
        ledger.add(
            f"discovery.dns[{index}].nameserver: it is no IP address with a port, such as 10.0.0.2:53", where=source.where(path)
        )


def _check_files(one: HttpSource | KubernetesSource, path: Path, base: str, source: Source, ledger: Ledger) -> None:
    tls = tls_of(one.tls, base)
    files = {("token_file",): one.token_file, ("tls", "ca"): tls.ca, ("tls", "cert"): tls.cert, ("tls", "key"): tls.key}
    if isinstance(one, HttpSource):
        files["password_file",] = one.password_file
    for key, file in files.items():
        if file is not None:
            try:
                read_text(beside(file, base))
            except ValueError as error:
                ledger.add(f"{spelled((*path, *key))}: {error}", where=source.where((*path, *key)))


def _check_defaults(given: DiscoveryOptions, common: Common, source: Source, ledger: Ledger) -> None:
    under = ("discovery", "defaults")
    for name in ("name", "url", "urls", "seeds"):
        if name in given.defaults:
            ledger.add(f"discovery.defaults.{name}: documents say this", where=source.where((*under, name)))
            return
    url = SAMPLE["url"] if "tls" not in given.defaults else "rediss://found.invalid"
    try:
        target_of(TargetOptions.model_validate({**given.defaults, **SAMPLE, "url": url}), under, common, source, ledger)
    except ValidationError as error:
        Explainer(source, ledger)(error, TargetOptions, under=under)


def _collectors(given: DiscoveryOptions, source: Source) -> Collectors:
    common = source.value.get("collectors")
    own = given.defaults.get("collectors", {})
    try:
        return Collectors.model_validate(merged(common if isinstance(common, dict) else {}, own if isinstance(own, dict) else {}))
    except ValidationError:  # told already, as a mistake of one of the two
        return Collectors()
