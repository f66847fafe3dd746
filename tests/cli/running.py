"""A command as a user types it, in this process: what it prints, and its exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from kvmon.cli import main


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


class Terminal:
    """Runs commands in a folder of its own and with no environment but what is given."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.chdir(folder)

    def write(self, text: str | bytes, name: str = "kvmon.yaml") -> Path:
        file = self.folder / name
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def __call__(self, *words: str, environment: Mapping[str, str] | None = None) -> Outcome:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PYTEST_CURRENT_TEST")}
        with self._monkeypatch.context() as patch:
            patch.setattr("os.environ", {**kept, **(environment or {})})
            patch.setattr("sys.argv", ["kvmon", *words])
            self._capsys.readouterr()
            try:
                main()
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 1
            else:
                code = 0
        return Outcome(code, *self._capsys.readouterr())


Run = Callable[..., Outcome]
