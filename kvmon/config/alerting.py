"""The section `alerting`, and the `alertmanager.yml` that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from socket import gethostname
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kvmon.config.document import read_document
from kvmon.config.explain import Explainer
from kvmon.config.files import beside, matching, read_text
from kvmon.config.mistakes import Ledger
from kvmon.config.source import Path, Source, spelled
from kvmon.tell.notify.options import INLINE, AlertingOptions

if TYPE_CHECKING:
    from kvmon.tell.notify.routing import Routing
    from kvmon.tell.notify.templates import Library


@dataclass(frozen=True, slots=True)
class Alerting:
    """Where alerts go. `external_url` is empty where it is to be made from where we listen."""

    alertmanagers: tuple[str, ...] = field(default=(), repr=False)
    routing: Routing | None = None
    external_url: str = ""


def alerting_of(  # noqa: PLR0913 - as for web.yml, and what may stand inline
    options: AlertingOptions | None, *, base: str, listen: str, source: Source, environ: Mapping[str, str], ledger: Ledger
) -> Alerting:
    """The effective section; mistakes go to the ledger. `base` is the folder of the file, `listen` our own address."""
    if options is None:
        return Alerting()
    url = (options.external_url or f"http://{_seen_as(listen)}").rstrip("/")
    routing = None
    if options.config_file is not None:
        path = beside(options.config_file, base)
        source.files.append(path)
        try:
            read_text(path)
        except ValueError as error:
            ledger.add(f"alerting.config_file: {error}", where=source.where(("alerting", "config_file")))
        else:
            inner = read_document(path, environ, ledger)
            routing = _routing(inner, with_paths(inner.value, str(FilePath(path).parent)), (), url, ledger)
            source.files += inner.files
    elif options.route:
        given = source.value.get("alerting", {})
        inline = with_paths({key: given[key] for key in INLINE if key in given}, base)
        routing = _routing(source, inline, ("alerting",), url, ledger)
    return Alerting(options.alertmanagers, routing, url)


def _seen_as(listen: str) -> str:
    """The address of ours that others may know: where we listen everywhere, the machine's name."""
    host, _, port = listen.rpartition(":")
    return f"{gethostname()}:{port}" if host in ("", "0.0.0.0", "[::]") else listen  # noqa: S104 - it is looked for


def with_paths(value: Any, base: str) -> Any:
    """The same, with the paths of its files as seen from here: relative ones begin in the folder `base`."""
    if isinstance(value, dict):
        return {
            key: beside(inner, base)
            if key.endswith("_file") and isinstance(inner, str)
            else [beside(one, base) if isinstance(one, str) else one for one in inner]
            if key == "templates" and isinstance(inner, list)
            else with_paths(inner, base)
            for key, inner in value.items()
        }
    return [with_paths(inner, base) for inner in value] if isinstance(value, list) else value


def _routing(source: Source, value: object, under: Path, external_url: str, ledger: Ledger) -> Routing | None:
    # Here, as what is not configured is not imported.
    from kvmon.tell.notify.alertmanager_file import AlertmanagerFile
    from kvmon.tell.notify.build import build
    from kvmon.tell.notify.foreign import REFUSED

    try:
        file = AlertmanagerFile.model_validate(value)
    except ValidationError as error:
        Explainer(source, ledger)(error, AlertmanagerFile, under=under, foreign=REFUSED)
        return None

    def complain(place: Path, text: str) -> None:
        path = (*under, *place)
        ledger.add(f"{spelled(path)}: {text}", where=source.where(path))

    return build(file, complain, external_url=external_url, library=_library(file.templates, source, under, ledger))


def _library(patterns: Sequence[str], source: Source, under: Path, ledger: Ledger) -> Library | None:
    """The templates of these files. As in Alertmanager, one that is not there (yet) is none."""
    from kvmon.judge.templates import TemplateError
    from kvmon.tell.notify.templates import Library

    texts = []
    for index, pattern in enumerate(patterns):
        where = source.where((*under, "templates", index))
        for path in matching(pattern):
            source.files.append(path)
            if FilePath(path).exists():
                try:
                    texts.append((path, read_text(path)))
                except ValueError as error:
                    ledger.add(f"templates: {error}", where=where)
    if not texts:
        return None
    try:
        return Library.of_files(texts)
    except TemplateError as error:
        ledger.add(f"templates: {error}", where=source.where((*under, "templates")))
        return None
