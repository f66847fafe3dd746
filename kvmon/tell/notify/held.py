"""Alerts as the notifier holds them: the same one told again, merged as Alertmanager merges it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from kvmon.model.alert import Labels, Notice
from kvmon.tell.notify.fingerprint import fingerprint


@dataclass(frozen=True)
class Held:
    """A notice and when it came (wall seconds)."""

    notice: Notice
    updated_at: float

    @cached_property
    def fingerprint(self) -> str:
        """What identifies it."""
        return fingerprint(self.notice.labels)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """For look-ups."""
        return dict(self.notice.labels)

    def resolved(self, now: float) -> bool:
        """Whether it is over."""
        return self.notice.resolved(now)

    def merged(self, newer: Held) -> Held:
        """The newer one; where they overlap in time it began when the first did."""
        old, new = self.notice, newer.notice
        overlap = old.starts_at < new.ends_at < old.ends_at or old.starts_at < new.starts_at < old.ends_at
        if not overlap:
            return newer
        starts = min(old.starts_at, new.starts_at)
        ends = new.ends_at
        if not newer.resolved(newer.updated_at) or self.resolved(newer.updated_at):
            ends = max(ends, old.ends_at)
        return Held(replace(new, starts_at=starts, ends_at=ends), newer.updated_at)

    def kept_until(self, moment: float) -> Held:
        """The same; while it fires, until `moment` at least."""
        if self.resolved(self.updated_at) or self.notice.ends_at >= moment:
            return self
        return Held(replace(self.notice, ends_at=moment), self.updated_at)

    def to_json(self) -> str:
        """A row of the journal."""
        notice = self.notice
        return json.dumps(
            {
                "labels": dict(notice.labels), "annotations": dict(notice.annotations), "starts_at": notice.starts_at,
                "ends_at": notice.ends_at, "generator_url": notice.generator_url, "updated_at": self.updated_at,
            },
            ensure_ascii=False,
        )  # fmt: skip

    @classmethod
    def from_json(cls, text: str) -> Held:
        """Of a row of the journal."""
        row: dict[str, Any] = json.loads(text)
        return cls(
            Notice(_pairs(row["labels"]), _pairs(row["annotations"]), row["starts_at"], row["ends_at"], row["generator_url"]),
            row["updated_at"],
        )


def _pairs(mapping: Mapping[str, str]) -> Labels:
    return tuple(sorted(mapping.items()))


def order(held: Held) -> tuple[object, ...]:
    """Sorts alerts of a message as Alertmanager does: by job, instance, then fewer labels first, then the labels."""
    labels = held.labels
    first = tuple((name not in labels, labels.get(name, "")) for name in ("job", "instance"))
    return (*first, len(labels), held.notice.labels)
