"""Load: read, expand, validate, compose; every mistake is reported, and then nothing is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from socket import gethostname
from typing import Any

from pydantic import ValidationError

from kvmon.config.alerting import alerting_of
from kvmon.config.config import Config, Web
from kvmon.config.datadog import datadog_of
from kvmon.config.discovery.load import discovery_of
from kvmon.config.document import read_document
from kvmon.config.environment.exporter import refuse_without_node
from kvmon.config.environment.places import Environment
from kvmon.config.environment.scalars import read_scalars
from kvmon.config.environment.targets import EnvironmentTargets, environment_targets
from kvmon.config.explain import Explainer, nearest
from kvmon.config.files import beside
from kvmon.config.keyring import keyring_of
from kvmon.config.merging import merged
from kvmon.config.mistakes import Ledger
from kvmon.config.options import FileOptions
from kvmon.config.rules import rules_of
from kvmon.config.source import Source
from kvmon.config.target_options import TargetOptions
from kvmon.config.targets import Common, target_of
from kvmon.config.webfile import read_web_file
from kvmon.diagnose.migration.options import MigrationOptions
from kvmon.model.targets.address import parse_address
from kvmon.model.targets.sharding import Part, parse_part
from kvmon.model.targets.target import Target
from kvmon.watch.collectors import Collectors


def load(path: str | None, environ: Mapping[str, str], *, flags: Mapping[str, str] | None = None) -> Config:
    """The effective configuration of a file (if any) and the environment.

    `flags` names, for variables that a command line set, the flag that did. Environment beats file. Targets of the environment
    count where the file names none. Raises Mistakes with everything that is wrong.
    """
    ledger = Ledger()
    environment = Environment(environ, flags or {})
    source = read_document(path, environ, ledger) if path is not None else Source()
    read_scalars(environment, source, ledger)
    found = EnvironmentTargets()
    if "targets" not in source.value and not ledger.errors:
        found = environment_targets(environment, source, ledger)
    elif not ledger.errors:
        refuse_without_node(environment, ledger)
    config = _compose(path, source, found, environ, ledger)
    ledger.raise_any()
    assert config is not None  # noqa: S101 - without mistakes there is one
    return config


def _compose(
    path: str | None,
    source: Source,
    found: EnvironmentTargets,
    environ: Mapping[str, str],
    ledger: Ledger,
) -> Config | None:
    options = _top(source, ledger)
    targets = _targets(source, ledger)
    if options is None:
        return None
    base = str(FilePath(path).parent) if path is not None else ""
    given = "timeout" in source.value and not found.exporter_mode  # redis_exporter knows no interval to exceed
    keyring = keyring_of(options.credentials, base, source, ledger)
    common = Common(options.interval, options.timeout, given, base, bare=found.exporter_mode, keyring=keyring)
    made: list[Target] = []
    for index, target in targets:
        made.append(replace(target_of(target, ("targets", index), common, source, ledger), **found.services.get(target.name, {})))
    _unique(targets, source, ledger)
    discovery = discovery_of(options, frozenset(target.name for target in made), common, source, ledger)
    if not targets and not options.scrape_allow and discovery is None and not ledger.errors:
        ledger.add(
            "there is nothing to watch", where=path or "",
            hint="name a target in the file, or set REDIS_URL, KVMON_TARGETS or REDIS_ADDR",
        )  # fmt: skip
    part = _part(options.shard, environ, source, ledger)
    if part is not None and not found.exporter_mode:
        made = [target for target in made if part.has(target.name)]
    web = Web()
    if options.web.config_file:
        web = read_web_file(
            beside(options.web.config_file, base), source.where(("web", "config_file")), environ, ledger, source.files
        )
    return Config(
        targets=tuple(made), listen=options.listen, interval=options.interval, timeout=options.timeout,
        poll=options.poll, event_loop=options.event_loop, web=replace(web, tokens=options.web.tokens),
        datadog=datadog_of(options.datadog, environ, source, base, ledger),
        alerting=alerting_of(
            options.alerting, base=base, listen=options.listen, source=source, environ=environ, ledger=ledger
        ),
        rules=rules_of(options.rules, base=base, source=source, ledger=ledger),
        log=options.log, control=parse_address(options.control) if options.control else None,
        state_dir=options.state_dir, namespace=options.namespace, scrape_allow=options.scrape_allow,
        window=options.window, migration=_migration(options.migration, made, discovery is not None, source, ledger),
        default_target=found.default or _default(made, environ), exporter_mode=found.exporter_mode, file=path,
        files=tuple(dict.fromkeys(source.files)),
        collectors=_collectors(targets, source, ledger), common_collectors=options.collectors,
        discovery=replace(discovery, part=part) if discovery is not None else None, part=part,
    )  # fmt: skip


def _migration(
    options: MigrationOptions | None,
    made: list[Target],
    more: bool,  # noqa: FBT001 - whether documents name targets, too
    source: Source,
    ledger: Ledger,
) -> MigrationOptions | None:
    names = [target.name for target in made]
    if options is not None and not more:
        for word in ("source", "destination"):
            name = getattr(options, word)
            if name not in names:
                ledger.add(
                    f"migration.{word}: no target is called {name!r} ({nearest(name, names)})",
                    where=source.where(("migration", word)),
                )
    return options


def _part(text: str | None, environ: Mapping[str, str], source: Source, ledger: Ledger) -> Part | None:
    """POD_NAME is the name that manifests give a pod's own name; else the host's name is that of the pod."""
    if text is None:
        return None
    try:
        return parse_part(text, environ.get("POD_NAME", "").strip() or gethostname())
    except ValueError as error:
        ledger.add(f"shard: {error}", where=source.where(("shard",)))
        return None


def _default(targets: list[Target], environ: Mapping[str, str]) -> str | None:
    """The target that REDIS_TYPE names, else the first."""
    names = [target.name for target in targets]
    wanted = environ.get("REDIS_TYPE", "")
    return wanted if wanted in names else next(iter(names), None)


def _top(source: Source, ledger: Ledger) -> FileOptions | None:
    rest = {key: value for key, value in source.value.items() if key != "targets"}
    try:
        return FileOptions.model_validate(rest)
    except ValidationError as error:
        Explainer(source, ledger)(error, FileOptions)
        return None


def _targets(source: Source, ledger: Ledger) -> list[tuple[int, TargetOptions]]:
    given = source.value.get("targets", [])
    if not isinstance(given, list):
        ledger.add("targets: it has to be a list", where=source.where(("targets",)))
        return []
    good: list[tuple[int, TargetOptions]] = []
    for index, value in enumerate(given):
        try:
            good.append((index, TargetOptions.model_validate(value)))
        except ValidationError as error:
            Explainer(source, ledger)(error, TargetOptions, under=("targets", index))
    return good


def _unique(targets: list[tuple[int, TargetOptions]], source: Source, ledger: Ledger) -> None:
    first: dict[str, int] = {}
    for index, target in targets:
        other = first.setdefault(target.name, index)
        if other != index:
            place = source.where(("targets", other, "name"))
            ledger.add(
                f"targets[{index}].name: another target is called {target.name!r} already",
                where=source.where(("targets", index, "name")), hint=f"the first is at {place}",
            )  # fmt: skip


def _collectors(targets: list[tuple[int, TargetOptions]], source: Source, ledger: Ledger) -> dict[str, Collectors]:
    """Those of each target: what the target says, over what the file says for all."""
    common = source.value.get("collectors")
    if not isinstance(common, dict):
        return {target.name: target.collectors for _, target in targets}
    found: dict[str, Collectors] = {}
    for index, target in targets:
        own: Any = source.value["targets"][index].get("collectors", {})
        try:
            found[target.name] = Collectors.model_validate(merged(common, own))
        except ValidationError as error:
            Explainer(source, ledger)(error, Collectors, under=("targets", index, "collectors"))
    return found
