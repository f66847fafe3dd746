"""Writes one file a dashboard."""

from __future__ import annotations

from pathlib import Path

from dashboards.source import ALL
from dashboards.source.grafana import text

FOLDER = Path(__file__).parents[1] / "grafana"


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for dashboard in ALL:
        (FOLDER / f"{dashboard.uid}.json").write_text(text(dashboard), encoding="utf-8")


if __name__ == "__main__":
    main()
