"""A family of series under its HELP and TYPE, in either dialect; names are the same in both."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import cache

from kvmon.model.metrics.spec import Kind, Spec
from kvmon.tell.exposition.formats import Dialect
from kvmon.tell.exposition.lines import bound, canonical
from kvmon.tell.exposition.page import Page


def family(spec: Spec, pages: Sequence[Page], dialect: Dialect, names: Container[str]) -> list[str]:
    """The lines of a family of all pages. `names` are those of all families: OpenMetrics reserves some beside a counter's."""
    if dialect is Dialect.CLASSIC:
        lines = [classic_head(spec)]
        for page in pages:
            lines += page.family(spec)
        return lines
    holders = [page for page in pages if spec in page.layout.places]
    if spec.kind is Kind.SUMMARY and not _proper(spec, holders):
        return _taken_apart(spec, holders)
    if spec.kind in (Kind.SUMMARY, Kind.HISTOGRAM):
        lines = [line for page in holders for line in page.rendered([canonical(each) for each in page.family_samples(spec)])]
    else:
        lines = [line for page in holders for line in page.family(spec)]
    name, kind = _openmetrics_type(spec, names)
    return [_openmetrics_head(name, kind, spec.help), *lines]


@cache  # rows are few and live as long as the program
def classic_head(spec: Spec) -> str:
    """HELP and TYPE in the classic text."""
    text = spec.help.replace("\\", "\\\\").replace("\n", "\\n")
    return f"# HELP {spec.name} {text}\n# TYPE {spec.name} {spec.kind}"


@cache
def _openmetrics_head(name: str, kind: str, text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return f"# HELP {name} {escaped}\n# TYPE {name} {kind}"


def _openmetrics_type(spec: Spec, names: Container[str]) -> tuple[str, str]:
    if spec.kind is Kind.COUNTER:
        base = spec.name.removesuffix("_total")
        # A counter's family takes the bare name for itself: where another has it, the type is given up, not the name.
        if base == spec.name or base in names or f"{base}_created" in names:
            return spec.name, "unknown"
        return base, "counter"
    return spec.name, "unknown" if spec.kind is Kind.UNTYPED else str(spec.kind)


def _proper(spec: Spec, pages: Sequence[Page]) -> bool:
    bounds = [bound(sample) for page in pages for sample in page.family_samples(spec) if sample.suffix not in ("_sum", "_count")]
    return all(value is not None and 0.0 <= value <= 1.0 for value in bounds)


def _taken_apart(spec: Spec, pages: Sequence[Page]) -> list[str]:
    """As families of unknown type. Bounds are written as in a summary, so that series have the same labels in all formats."""
    lines = []
    for suffix in ("", "_sum", "_count"):
        part = [
            line
            for page in pages
            for line in page.rendered([canonical(each) for each in page.family_samples(spec) if each.suffix == suffix])
        ]
        if part:
            lines += [_openmetrics_head(f"{spec.name}{suffix}", "unknown", spec.help), *part]
    return lines
