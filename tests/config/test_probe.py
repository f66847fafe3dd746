"""How a file asks for probes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kvmon.config import load
from kvmon.config.dump import dump
from kvmon.errors import UsageError
from kvmon.model.targets.target import Probe


def read(folder: Path, probe: str, labels: str = "{}") -> Probe | None:
    file = folder / "kvmon.yaml"
    file.write_text(f"targets: [{{name: it, url: 'redis://h', labels: {labels}, probe: {probe}}}]")
    config = load(str(file), {})
    shown = yaml.safe_load(dump(config))["targets"][0].get("probe")
    assert (shown == "off") == (config.targets[0].probe is None)
    return config.targets[0].probe


def test_it_is_on_unless_switched_off(tmp_path: Path) -> None:
    assert read(tmp_path, "off") is None
    assert read(tmp_path, "null") is None
    assert read(tmp_path, "on") == read(tmp_path, "{}") == Probe()
    assert read(tmp_path, "{interval: 2s, write_every: off}") == Probe(interval=2.0, write_every=None)


def test_it_is_on_without_a_word_but_not_in_exporter_mode(tmp_path: Path) -> None:
    file = tmp_path / "kvmon.yaml"
    file.write_text("targets: [{name: it, url: 'redis://h'}]")
    assert load(str(file), {}).targets[0].probe == Probe()
    assert load(None, {"REDIS_URL": "redis://h"}).targets[0].probe == Probe()
    assert load(None, {"REDIS_ADDR": "redis://h"}).targets[0].probe is None


def test_a_wrong_option_is_told(tmp_path: Path) -> None:
    for wrong in ("{intervall: 1s}", "{interval: 1ms}", "{timeout: 5}", "sometimes"):
        with pytest.raises(UsageError, match="probe"):
            read(tmp_path, wrong)


def test_labels_of_the_breakers_series_are_free_for_targets(tmp_path: Path) -> None:
    assert read(tmp_path, "on", "{op: a, shard: b, step: c}") == Probe()
