"""One version everywhere, and distributions that install and run where nothing else is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from release.stamp import COPIES, current, differing, main, notes, stamp
from tests.servers.ports import free_port
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.ship.test_chart import ROOT
from tests.ship.test_image import fetch

WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"


def copy(folder: Path) -> Path:
    for name in {name for name, _ in COPIES} | {"CHANGELOG.md"}:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_the_version_is_the_same_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert differing() == []
    assert main([]) == 0
    assert capsys.readouterr().out == f"{current()}\n"


def test_a_new_version_is_written_everywhere_and_into_the_changelog(tmp_path: Path) -> None:
    root = copy(tmp_path)
    stamp("9.8.7rc1", root, today="2030-01-31")
    assert [place.partition(" is not ")[0].partition(": ")[2] for place in differing(root)] == ["9.8.7rc1"] * len(COPIES)
    changes = (root / "CHANGELOG.md").read_text()
    assert "## Unreleased\n\n## 9.8.7rc1 (2030-01-31)\n" in changes
    assert "kvmon" in notes("9.8.7rc1", root)
    with pytest.raises(ValueError, match="no section of 9"):
        notes("9.8.8", root)
    with pytest.raises(ValueError, match="no version"):
        stamp("v9", root, today="")


def test_the_workflow_holds_no_secret_and_gives_each_job_no_more_than_it_needs() -> None:
    text = WORKFLOW.read_text()
    assert "secrets." not in text
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    given = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert given["pypi"] == {"id-token": "write"}
    assert [name for name, held in given.items() if held.get("contents") == "write"] == ["github"]
    assert "make dist sbom" in text
    assert workflow["jobs"]["build"]["needs"] == "audit"
    assert workflow["jobs"]["audit"]["uses"] == "./.github/workflows/audit.yml"
    for target in ("dist:", "sbom:", "audit:"):
        assert f"\n{target}" in (ROOT / "Makefile").read_text()


def test_dependencies_are_audited_every_day_and_before_a_release() -> None:
    workflow = yaml.safe_load((WORKFLOW.parent / "audit.yml").read_text())
    begins = workflow[True]  # YAML reads `on` so
    assert begins["schedule"]
    assert "constraints.txt" in begins["push"]["paths"]
    (job,) = workflow["jobs"].values()
    assert job["steps"][-1]["run"] == "make audit"


def run(*command: str, timeout: float = 400) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, cwd="/", env=kept)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


PYTHONS = (sys.executable, *os.environ.get("KVMON_TEST_PYTHONS", "").split())
"""Interpreters to install with; by default that of the tests alone."""


def built(kind: str, project: Path, folder: Path) -> str:
    build = f"import sys; from hatchling.build import build_{kind} as build; print(build(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", build, str(folder)], cwd=project, capture_output=True, text=True, timeout=200, check=True
    )
    return str(folder / done.stdout.split()[-1])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("interpreter", PYTHONS)
def test_wheels_and_sdists_install_and_run_in_a_bare_environment(interpreter: str, valkey: Server, tmp_path: Path) -> None:
    run(interpreter, "-m", "venv", str(tmp_path / "bare"))
    program, python = str(tmp_path / "bare/bin/kvmon"), str(tmp_path / "bare/bin/python")
    constraint = ("--constraint", str(ROOT / "constraints.txt"))
    for kind, options in (("wheel", ()), ("sdist", ("--force-reinstall", "--no-deps"))):
        both = [built(kind, project, tmp_path) for project in (ROOT, ROOT / "clients" / "python")]
        run(python, "-m", "pip", "install", "--quiet", *options, *constraint, *both)
        assert run(program, "--version") == f"kvmon {current()}\n", kind
        client = "import kvmon_client as k; print(k.__version__, k.Client('').allow('it'))"
        assert run(python, "-I", "-c", client) == f"{current()} True\n", kind
        files = "import kvmon.tell.server.pages as p, pathlib; f = pathlib.Path(p.__file__).parent; print(len([*f.rglob('*')]))"
        assert int(run(python, "-I", "-c", files)) > 80, "templates, scripts and runbooks come with it"
        port = free_port()
        with subprocess.Popen(
            [program, "run", "--listen", f"127.0.0.1:{port}"], env={"REDIS_URL": valkey.url}, stderr=subprocess.DEVNULL, cwd="/"
        ) as daemon:
            try:
                until(lambda port=port: 'redis_up{target="redis"' in fetch(port, "/metrics"), what=f"the {kind} runs")  # type: ignore[misc]
                assert "runbook" in fetch(port, "/runbooks").lower()
            finally:
                daemon.terminate()
            assert daemon.wait(60) == 0
