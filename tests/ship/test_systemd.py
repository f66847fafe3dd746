"""The unit for systemd: understood by it, and well locked in by its own measure."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kvmon.config import load
from tests.servers.kinds import missing
from tests.ship.test_chart import ROOT

UNIT = ROOT / "examples" / "systemd" / "kvmon.service"


def analyze(*words: str) -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        missing("systemd-analyze")
    done = subprocess.run([str(program), *words], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


@pytest.mark.slow
def test_its_exposure_is_low() -> None:
    said = analyze("security", "--offline=true", str(UNIT))
    (exposure,) = re.findall(r"Overall exposure level for kvmon.service: ([0-9.]+)", said)
    assert float(exposure) <= 2.0, said


@pytest.mark.slow
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    unit = tmp_path / "kvmon.service"
    unit.write_text(UNIT.read_text().replace("/usr/local/bin/kvmon", "/bin/true"))
    assert not [line for line in analyze("verify", str(unit)).splitlines() if "kvmon.service" in line]


def test_its_variables_are_ones_that_kvmon_has(tmp_path: Path) -> None:
    (line,) = re.findall(r"^Environment=(.*)$", UNIT.read_text(), re.MULTILINE)
    variables = dict(word.split("=") for word in line.split())
    config = load(None, {**variables, "REDIS_URL": "redis://127.0.0.1", "KVMON_STATE_DIR": str(tmp_path)})
    assert config.state_dir == str(tmp_path)
    assert variables["KVMON_STATE_DIR"] == "/var/lib/kvmon"
