"""Headless Chromium on the real daemon. Every page must stay without errors, and may ask nobody but the daemon."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.servers.kinds import missing

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium of CHROMIUM, or as the system has it. For a module only: its event loop runs as long, and a thread has one."""
    path = os.environ.get("CHROMIUM") or next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        missing("Chromium (its path in CHROMIUM)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # In a container one is root, and Chromium's sandbox wants none.
        browser = playwright.chromium.launch(executable_path=path, chromium_sandbox=os.geteuid() != 0)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens pages with the options of a browser context; `calm=False` where a test provokes errors."""
    with ExitStack() as stack:
        wrong: list[str] = []

        def open_page(url: str, *, calm: bool = True, **options: Any) -> Any:
            context = browser.new_context(**options)
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(60_000)
            home = urlsplit(url).netloc

            def requested(request: Any) -> None:
                if urlsplit(request.url).netloc != home:
                    wrong.append(f"asked {request.url}")

            page.on("request", requested)
            page.on("pageerror", lambda error: wrong.append(f"error {error}"))
            if calm:
                page.on(
                    "console", lambda said: wrong.append(f"console: {said.text}") if said.type in ("error", "warning") else None
                )
            page.goto(url)
            return page

        yield open_page
    assert wrong == []
