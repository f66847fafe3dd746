"""The distribution kvmon: what the program reads when it runs is inside."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PAGES = "kvmon/tell/server/pages"


def test_the_wheel_holds_the_pages_and_the_runbooks(tmp_path: Path) -> None:
    build = "import sys; from hatchling.build import build_wheel as build; print(build(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=PROJECT, capture_output=True, text=True, check=True)
    inside = set(zipfile.ZipFile(tmp_path / done.stdout.split()[-1]).namelist())
    runbooks = {f"{PAGES}/static/runbooks/{path.name}" for path in (PROJECT / "docs" / "runbooks").glob("*.md")}
    files = {
        str(path.relative_to(PROJECT))
        for path in (PROJECT / PAGES).rglob("*.*")
        if path.suffix in (".html", ".css", ".js", ".svg")
    }
    assert len(runbooks) > 40
    assert runbooks | files <= inside
