"""Takes the pictures of the page and of a dashboard: `python docs/picture.py [SECONDS]`.

It needs the extra `demo`, Playwright and Chromium. The demo's servers, two more, and one that is not there are watched for so
long (290 s make good lines), then looked at. The dashboard is drawn from its file and the daemon's own answers (`preview.py`).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import preview
from playwright.sync_api import sync_playwright

from kvmon.cli.demo.servers import HOST, Embedded, free_port
from kvmon.cli.demo.stage import Stage

HERE = Path(__file__).parent
DASHBOARD = HERE.parent / "dashboards" / "grafana" / "kvmon-target.json"
PICTURES = {"page.png": "/", "target.png": "/targets/sessions?range=5m"}


def take(seconds: float) -> None:
    """Watch for so long, then write the pictures."""
    with ExitStack() as stack:
        stage = stack.enter_context(Stage())
        others = {name: stack.enter_context(Embedded()) for name in ("carts", "queue")}
        targets = [
            {"name": name, "url": f"redis://{server.address}", "labels": {"team": "shop"}} for name, server in others.items()
        ]
        targets.append({"name": "sessions", "url": f"redis://{stage.primary}", "critical": True, "labels": {"team": "web"}})
        targets.append({"name": "search", "url": f"redis://{HOST}:{free_port()}"})
        rules = {"files": [str(HERE.parent / "alerts" / "*.yaml")]}
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        configuration = folder / "kvmon.yaml"
        configuration.write_text(json.dumps({"interval": "5s", "targets": targets, "rules": rules}))
        place = f"{HOST}:{free_port()}"
        command = [sys.executable, "-m", "kvmon", "run", "--config", str(configuration), "--listen", place]
        started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own words
        daemon = stack.enter_context(started)
        stack.callback(daemon.terminate)
        time.sleep(seconds)
        with urlopen(f"http://{place}/livez", timeout=30) as answer:
            answer.read()
        look(f"http://{place}")


def look(url: str) -> None:
    """Write what a browser of a usual size shows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), chromium_sandbox=False)
        for name, path in PICTURES.items():
            page = browser.new_page(viewport={"width": 1200, "height": 1000})
            page.goto(url + path)
            page.locator("#live", has_text="live").wait_for()
            page.screenshot(path=HERE / "images" / name)
            page.close()
        page = browser.new_page(viewport={"width": 24 * preview.CELL + 8, "height": 880})
        page.set_content(preview.page(DASHBOARD, url, target="sessions", height=880))
        page.screenshot(path=HERE / "images" / "dashboard.png")
        browser.close()


if __name__ == "__main__":
    take(float(sys.argv[1]) if len(sys.argv) > 1 else 290.0)
