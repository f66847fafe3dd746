"""Fenced blocks of a page, as a reader would use them: files are written, commands run, programs started.

A block's info string says what is done with it: `yaml NAME` writes that file, `sh run` has to succeed, `sh background` is a
daemon that goes on (`port=` where it is ready). What has no such word is not touched.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.servers.daemon import INHERITED
from tests.servers.waiting import until

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    language: str
    words: tuple[str, ...]
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """Those whose info string has more than a language."""
    for language, words, text in _FENCE.findall(page.read_text()):
        if words:
            yield Block(language, tuple(words.split()), text)


class Reader:
    """Follows a page in a folder of its own; ports (and other words) that the page names are others here."""

    def __init__(self, page: Path, others: Mapping[int | str, int | str], *, tools: Mapping[str, str] | None = None) -> None:
        self.page = page
        self.output = ""
        self.ran = 0
        self.left: list[str] = []
        self._others = others
        self._tools = tools or {}

    def follow(self) -> str:
        """All of the page, in order; what its commands printed."""
        with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
            folder = Path(name)
            for each in ("alerts", "helm", "examples", "dashboards"):
                (folder / each).symlink_to(ROOT / each)
            tools = folder / ".bin"
            tools.mkdir()
            for tool, path in {"kvmon": "", **self._tools}.items():
                if path:
                    (tools / tool).symlink_to(path)
                else:
                    (tools / tool).write_text(f'#!/bin/sh\nexec {sys.executable} -m kvmon "$@"\n')
                    (tools / tool).chmod(0o755)
            for block in blocks(self.page):
                self._use(block, folder, stack)
        return self.output

    def _use(self, block: Block, folder: Path, stack: ExitStack) -> None:
        text = self._here(block.text)
        match block.language, block.words:
            case "sh", ("background", *more):
                said = next((word.partition("=")[2] for word in more if word.startswith("port=")), "9121")
                stack.enter_context(self._daemon(text, folder, int(self._here(said))))
            case "sh", ("run",):
                self._run(["sh", "-euc", text], folder)
            case "python" | "js" | "go", ("run",):
                self._run_program(block.language, text, folder)
            case _, (name,):
                (folder / name).write_text(text)
            case _:
                raise AssertionError(f"{self.page.name}: what is {block.words}?")

    def _run_program(self, language: str, text: str, folder: Path) -> None:
        """Where its language is on this machine; Python is."""
        file = folder / {"python": "snippet.py", "js": "snippet.mjs", "go": "snippet.go"}[language]
        file.write_text(text)
        program = sys.executable if language == "python" else shutil.which({"js": "node"}.get(language, language))
        if language == "js":
            (folder / "breakers.mjs").write_text((ROOT / "examples" / "breakers.mjs").read_text())
        if program is None:
            self.left.append(language)
        else:
            self._run([program, *(["run"] if language == "go" else []), str(file)], folder)

    def _run(self, command: list[str], folder: Path) -> None:
        done = subprocess.run(
            command, cwd=folder, env=self._environment(folder), capture_output=True, text=True, timeout=200, check=False
        )
        assert done.returncode == 0, f"{self.page.name}: {command[-1]}\n{done.stdout}{done.stderr}"
        self.output += done.stdout
        self.ran += 1

    @contextmanager
    def _daemon(self, text: str, folder: Path, port: int) -> Iterator[None]:
        assert text.count("\n") == 1, "one command"
        listen = "" if "--listen" in text else f" --listen 127.0.0.1:{port}"
        command = text.strip().replace("kvmon run", f"exec kvmon run{listen}")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["sh", "-c", command], cwd=folder, env=self._environment(folder), stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        try:
            until(lambda: _answers(port) or process.poll() is not None, what="the daemon of the page")
            assert process.poll() is None, (folder / "log").read_text()
            yield
        finally:
            process.terminate()
            process.wait(30)

    def _environment(self, folder: Path) -> dict[str, str]:
        kept = {name: os.environ[name] for name in (*INHERITED, "DOCKER_HOST") if name in os.environ}
        return {**kept, "PATH": f"{folder / '.bin'}:{kept['PATH']}", "PYTHONPATH": f"{ROOT}:{ROOT / 'clients/python/src'}"}

    def _here(self, text: str) -> str:
        for theirs, ours in self._others.items():
            text = re.sub(rf"\b{re.escape(str(theirs))}\b", str(ours), text)
        return text


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
