"""The distribution kvmon-client, built and imported where nothing else is."""

from __future__ import annotations

import ast
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from release.stamp import current

PROJECT = Path(__file__).parents[2] / "clients" / "python"
SOURCES = sorted((PROJECT / "src" / "kvmon_client").rglob("*.py"))


def imported(source: Path) -> set[str]:
    """The first words of all modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


def test_the_standard_library_is_all_it_imports() -> None:
    assert len(SOURCES) > 10
    wanted = set().union(*map(imported, SOURCES)) - {"kvmon_client"}
    assert wanted <= sys.stdlib_module_names, wanted - sys.stdlib_module_names


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_it_builds_and_imports_where_nothing_else_is(tmp_path: Path, kind: str) -> None:
    build = f"import sys; from hatchling.build import build_{kind} as build; print(build(sys.argv[1]))"
    name = run(sys.executable, "-c", build, str(tmp_path), cwd=PROJECT).split()[-1]
    unpacked = tmp_path / "unpacked"
    if kind == "wheel":
        with zipfile.ZipFile(tmp_path / name) as archive:
            archive.extractall(unpacked)  # noqa: S202 - built a moment ago
        folder, metadata = unpacked, next(unpacked.glob("*.dist-info")) / "METADATA"
    else:
        with tarfile.open(tmp_path / name) as archive:
            archive.extractall(unpacked, filter="data")
        folder, metadata = next(unpacked.iterdir()) / "src", next(unpacked.iterdir()) / "PKG-INFO"
    assert (folder / "kvmon_client" / "py.typed").exists()
    about = metadata.read_text()
    assert f"Name: kvmon-client\nVersion: {current()}\n" in about
    assert "Requires-Dist" not in about
    use = "import kvmon_client as k; print(k.__version__, k.AsyncClient('').allow('it'))"
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); {use}"
    assert run(sys.executable, "-I", "-S", "-W", "error", "-c", code) == f"{current()} True\n"


def run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout
