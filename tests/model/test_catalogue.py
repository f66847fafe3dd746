from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from kvmon.model.metrics.catalogue import ALL, BY_FIELD, BY_NAME
from kvmon.model.metrics.spec import Kind

with (Path(__file__).parent / "redis_exporter.tsv").open() as file:
    EXPORTER = list(csv.DictReader(file, delimiter="\t"))
"""What redis_exporter makes of INFO, INFO MODULES and CLUSTER INFO: name, type, labels, and the field of plain ones."""


@pytest.mark.parametrize("theirs", EXPORTER, ids=lambda row: row["name"])
def test_every_name_that_redis_exporter_makes_of_info_is_here(theirs: dict[str, str]) -> None:
    ours = BY_NAME[theirs["name"]]
    # A monotonic value that is a gauge there may be a counter here, never the other way round.
    assert ours.kind == theirs["type"] or (theirs["type"] == "gauge" and ours.kind is Kind.COUNTER)
    labels = tuple(filter(None, theirs["labels"].split(",")))
    assert ours.labels[: len(labels)] == labels
    if theirs["field"] and ours.field:
        assert ours.field == theirs["field"]


def test_names_are_unique_and_valid() -> None:
    assert [name for name, times in Counter(row.name for row in ALL).items() if times > 1] == []
    for row in ALL:
        assert re.fullmatch(r"(redis|kvmon)_[a-z0-9_]*[a-z0-9]", row.name), row.name
        for label in row.labels:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", label), row.name
        assert len(set(row.labels)) == len(row.labels)


def test_fields_of_info_have_one_row_each() -> None:
    fields = Counter(row.field for row in ALL if row.field and row.source.startswith("INFO") and not row.labels)
    assert [field for field, times in fields.items() if times > 1] == []
    assert set(fields) == set(BY_FIELD)


def test_every_row_says_what_it_means_in_what_unit_and_where_it_comes_from() -> None:
    for row in ALL:
        assert re.fullmatch(r"[A-Z][^\n]*[.\w)]", row.help), row.name
        assert row.source, row.name
        assert row.unit in ("", "seconds", "milliseconds", "microseconds", "bytes", "ratio", "percent"), row.name
        if row.name.endswith("_seconds"):
            assert row.unit == "seconds", row.name
        if row.name.endswith("_bytes"):
            assert row.unit == "bytes", row.name
