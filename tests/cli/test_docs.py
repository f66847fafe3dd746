"""The pages that list things are as the code is. KVMON_WRITE_DOCS=1 (`make docs`) writes them anew."""

from __future__ import annotations

import os
import re
import runpy
from pathlib import Path

import pytest
import yaml

from kvmon.config import load

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["metrics.md", "options.md", "commands.md", "alerts.md", "../helm/kvmon/README.md"])
def test_a_generated_page_is_not_stale(name: str) -> None:
    text = runpy.run_path(str(DOCS / "generate.py"))["pages"]()[name]
    if os.environ.get("KVMON_WRITE_DOCS") == "1":
        (DOCS / name).write_text(text)
    assert (DOCS / name).read_text() == text, "run `make docs`"


def test_the_example_of_the_documentation_loads(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "configuration.md").read_text(), re.DOTALL)
    for path in ("/run/secrets/redis", "/run/secrets/kvmon-token"):
        file = tmp_path / Path(path).name
        file.write_text("a-long-secret\n")
        example = example.replace(path, str(file))
    (tmp_path / "kvmon.yaml").write_text(example)
    config = load(str(tmp_path / "kvmon.yaml"), {"JOBS_PASSWORD": "x"})
    assert [target.name for target in config.targets] == [target["name"] for target in yaml.safe_load(example)["targets"]]
    assert [token.token.get_secret_value() for token in config.web.tokens] == ["a-long-secret"]
