"""How a file says when breakers open and close."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kvmon.config import load
from kvmon.config.dump import dump
from kvmon.errors import UsageError
from kvmon.model.targets.thresholds import DEFAULTS, Thresholds


def read(folder: Path, breaker: str) -> Thresholds:
    file = folder / "kvmon.yaml"
    file.write_text(f"targets: [{{name: it, url: 'redis://h', breaker: {breaker}}}]")
    config = load(str(file), {})
    again = folder / "again.yaml"
    shown = yaml.safe_load(dump(config))["targets"][0]["breaker"]
    again.write_text(yaml.safe_dump({"targets": [{"name": "it", "url": "redis://h", "breaker": shown}]}))
    assert load(str(again), {}).targets[0].breaker == config.targets[0].breaker, "what kvmon config shows means the same"
    return config.targets[0].breaker


def test_what_is_given_is_taken_and_the_rest_is_the_default(tmp_path: Path) -> None:
    assert read(tmp_path, "{}") == DEFAULTS
    given = "{mode: shadow, consecutive: 5, window: 30s, min_failures: 3, slow_opens: true, open_for: 1s, unknown: deny}"
    assert read(tmp_path, given) == Thresholds(
        mode="shadow", consecutive=5, window=30.0, min_failures=3, slow_opens=True, open_for=1.0, unknown="deny"
    )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("{mode: forced_open}", "mode"),
        ("{consecutive: 0}", "consecutive"),
        ("{failure_ratio: 1.5}", "failure_ratio"),
        ("{window: 10}", "window"),
        ("{max_open: 1s}", "max_open is less than open_for"),
        ("{consecutiv: 3}", "consecutive"),
    ],
)
def test_what_cannot_be_is_told(wrong: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=told):
        read(tmp_path, wrong)
