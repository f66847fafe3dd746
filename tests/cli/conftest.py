"""The terminal that tests of commands type into."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path, monkeypatch, capsys)
