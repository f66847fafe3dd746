"""Pages of metrics as a client sees them: every sample under the name that stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

TYPES = re.compile(r"(?m)^# TYPE .*\n")


def samples(page: str) -> Iterator[Sample]:
    """Of a page in the text format. Types are left out: the parser would give every counter a `_total` it has not."""
    for family in text_string_to_metric_families(TYPES.sub("", page)):
        yield from family.samples
