"""The series of both sides in one form."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable

from kvmon.diagnose.diff.compare import Series
from kvmon.errors import UsageError
from kvmon.model.metrics.sample import Sample

LIMIT = 64 * 1024 * 1024
"""Bytes of an exporter's page."""


def fetch(url: str, timeout: float = 30.0) -> dict[Series, float]:
    """What an exporter shows; raises UsageError where it does not answer with metrics."""
    from prometheus_client.parser import text_string_to_metric_families

    address = url if "://" in url else f"http://{url}"
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(f"{url}: this is no URL of an exporter: write http://host:9121/metrics")
    if parts.path in ("", "/"):
        address = urllib.parse.urlunsplit(parts._replace(path="/metrics"))
    shown = urllib.parse.urlunsplit(urllib.parse.urlsplit(address)._replace(netloc=parts.netloc.rpartition("@")[2]))
    try:
        with urllib.request.urlopen(address, timeout=timeout) as answer:  # noqa: S310 - the scheme is checked above
            text = answer.read(LIMIT).decode()
        # Without its TYPE lines the parser leaves names as they are: it renames counters that do not end in _total.
        untyped = "\n".join(line for line in text.splitlines() if not line.startswith("# TYPE ")) + "\n"
        samples = [sample for family in text_string_to_metric_families(untyped) for sample in family.samples]
    except urllib.error.HTTPError as error:
        raise UsageError(f"{shown}: the exporter answers {error.code}: check the path") from None
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        raise UsageError(f"{shown}: the exporter cannot be reached: {reason}: check the address") from None
    except ValueError:
        raise UsageError(f"{shown}: what it answers is no text of metrics: check the path") from None
    return {_series(sample.name, sample.labels.items()): sample.value for sample in samples}


def series_of(samples: Iterable[Sample]) -> dict[Series, float]:
    """Those of a poll, without the labels that tell targets apart."""
    found: dict[Series, float] = {}
    for sample in samples:
        names = sample.spec.labels
        if len(sample.labels) > len(names):
            names = (*names, "le" if sample.suffix == "_bucket" else "quantile")
        found[_series(sample.spec.name + sample.suffix, zip(names, sample.labels, strict=False))] = sample.value
    return found


def _series(name: str, labels: Iterable[tuple[str, str]]) -> Series:
    """An empty label is none, as for Prometheus."""
    told = ((label, _bound(value) if label in ("le", "quantile") else value) for label, value in labels)
    return Series(name, tuple(sorted((label, value) for label, value in told if value)))


def _bound(text: str) -> str:
    """`1`, `1.0` and `1e+00` are one bound."""
    try:
        return repr(float(text))
    except ValueError:
        return text
