"""An alert as it is told."""

from __future__ import annotations

from kvmon.model.alert import Notice


def test_a_notice_is_resolved_from_the_moment_it_ends() -> None:
    notice = Notice((("alertname", "Down"), ("target", "web")), (), starts_at=10.0, ends_at=20.0)

    assert notice.name == "Down"
    assert [notice.resolved(now) for now in (19.9, 20.0, 21.0)] == [False, True, True]
