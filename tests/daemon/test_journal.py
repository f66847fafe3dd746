"""The daemon lives, whatever its state folder is like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.daemon import Daemon
from tests.servers.server import Server


@pytest.mark.parametrize("usable", [True, False])
def test_the_daemon_lives_with_and_without_a_folder_that_can_be_written(
    valkey: Server, start_daemon: Callable[..., Daemon], tmp_path: Path, usable: bool
) -> None:
    folder = tmp_path / "state"
    if not usable:
        folder.write_text("a file where a folder should be")
    targets = [{"name": "it", "url": valkey.url}]
    daemon = start_daemon({"interval": "1s", "state_dir": str(folder), "targets": targets})
    daemon.until("redis_up", 1, target="it")
    daemon.until("kvmon_journal_ok", float(usable))
    assert daemon.terminate()[0] == 0
    assert ("the journal cannot be kept on the disk" in daemon.logs) is not usable
    assert (folder / "journal.db").exists() is usable
