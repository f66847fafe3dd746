"""Writes a version everywhere it stands: `python -m release.stamp 0.2.0`; without one, says where versions differ.

The one place is `version` in pyproject.toml. Copies are needed where a file is read without the rest of the repository:
the client is a distribution of its own, and a chart is.
"""

from __future__ import annotations

import re
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIES = (
    ("pyproject.toml", r'^version = "(.*)"$'),
    ("clients/python/pyproject.toml", r'^version = "(.*)"$'),
    ("clients/python/src/kvmon_client/__init__.py", r'^__version__ = "(.*)"$'),
    ("helm/kvmon/Chart.yaml", r"^version: (.*)$"),
    ("helm/kvmon/Chart.yaml", r'^appVersion: "(.*)"$'),
    ("helm/kvmon-sidecar/Chart.yaml", r"^version: (.*)$"),
    ("helm/kvmon-sidecar/Chart.yaml", r'^appVersion: "(.*)"$'),
    ("examples/sidecar/Chart.yaml", r"^    version: (.*)$"),
    ("examples/sidecar/values.yaml", r"^  image: kvmon:(.*)$"),
)
"""Files, and the line of each that holds the version."""

FORM = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


def current() -> str:
    """The version."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def differing(root: Path = ROOT) -> list[str]:
    """The places that say something else than pyproject.toml."""
    wanted = current()
    places = []
    for name, line in COPIES:
        found = re.findall(line, (root / name).read_text(), re.MULTILINE)
        if found != [wanted]:
            places.append(f"{name}: {', '.join(found) or 'no version'} is not {wanted}")
    return places


def stamp(version: str, root: Path = ROOT, *, today: str) -> None:
    """Write it, and give what is unreleased in the changelog its name. Raises ValueError for what is no version."""
    if not FORM.fullmatch(version):
        raise ValueError(f"{version!r} is no version: write MAJOR.MINOR.PATCH, with a1, b1 or rc1 behind it at most")
    for name, line in COPIES:
        path = root / name
        text = path.read_text()
        found = re.search(line, text, re.MULTILINE)
        if found is None:
            raise ValueError(f"{name} has no line {line}")
        path.write_text(text[: found.start(1)] + version + text[found.end(1) :])
    changes = root / "CHANGELOG.md"
    changes.write_text(changes.read_text().replace("## Unreleased\n", f"## Unreleased\n\n## {version} ({today})\n", 1))


def notes(version: str, root: Path = ROOT) -> str:
    """The changelog's section of this version. Raises ValueError where there is none."""
    found = re.search(
        rf"^## {re.escape(version)} .*?\n(.*?)(?=^## |\Z)", (root / "CHANGELOG.md").read_text(), re.MULTILINE | re.DOTALL
    )
    if found is None:
        raise ValueError(f"CHANGELOG.md has no section of {version}")
    return found[1].strip()


def main(words: list[str]) -> int:
    """0 where all is well."""
    try:
        match words:
            case []:
                print("\n".join(differing()) or current())
                return 1 if differing() else 0
            case ["--notes", version]:
                print(notes(version))
            case [version]:
                stamp(version, today=f"{datetime.now(UTC):%Y-%m-%d}")
            case _:
                print(__doc__)
                return 2
    except ValueError as error:
        print(error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
