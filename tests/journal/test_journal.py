"""What was committed is there after a restart, and a disk that fails ends nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from kvmon.journal import file as journal_file
from kvmon.journal.place import is_network
from kvmon.journal.store import Journal
from kvmon.journal.tables import VERSION
from tests.journal.full_disk import fill

INSERT = "INSERT INTO cursors (name, value) VALUES (?, ?)"


def write(name: str, value: str = "1") -> Callable[[sqlite3.Connection], None]:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute(INSERT, (name, value))

    return work


async def names(journal: Journal) -> list[str]:
    return [name for (name,) in await journal.read("SELECT name FROM cursors ORDER BY name")]


def moved_aside(folder: Path) -> list[Path]:
    return list(folder.glob("journal.db.broken-*"))


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal.open(tmp_path / "state")
    yield opened
    await opened.close()


async def test_what_was_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Journal.open(tmp_path)
    await first.commit(write("a"))
    await first.close()
    second = Journal.open(tmp_path)
    assert await names(second) == ["a"]
    assert second.ok
    await second.close()


async def test_the_journal_is_a_wal_that_others_can_read(journal: Journal, tmp_path: Path) -> None:
    await journal.commit(write("a"))
    with sqlite3.connect(tmp_path / "state" / "journal.db") as other:
        assert other.execute("SELECT name FROM cursors").fetchall() == [("a",)]
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()


async def test_without_a_folder_it_lives_in_memory() -> None:
    journal = Journal.open(None)
    await journal.commit(write("a"))
    assert await names(journal) == ["a"]
    assert journal.ok
    await journal.close()


async def test_a_work_that_fails_takes_nothing_of_its_neighbours_with_it(journal: Journal) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute(INSERT, ("half", "1"))
        raise ValueError("no")

    found = await asyncio.gather(
        journal.commit(write("a")), journal.commit(half), journal.commit(write("a")), journal.commit(write("b")),
        return_exceptions=True,
    )  # fmt: skip
    assert [type(one) for one in found] == [type(None), ValueError, sqlite3.IntegrityError, type(None)]
    assert await names(journal) == ["a", "b"]


async def test_after_it_was_closed_it_says_so(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    await journal.close()
    with pytest.raises(RuntimeError, match="closed"):
        await journal.commit(write("a"))


@pytest.mark.parametrize("content", [b"this is no database, and it is long enough to be read as one" * 100, None])
async def test_a_broken_file_is_moved_aside_and_a_new_one_begins(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "journal.db"
    if content is None:  # the header is whole, what follows is not
        first = Journal.open(tmp_path)
        await asyncio.gather(*[first.commit(write(str(number), "x" * 500)) for number in range(200)])
        await first.close()
        whole = path.read_bytes()
        content = whole[:4096] + b"\xa5" * (len(whole) - 4096)
    path.write_bytes(content)
    journal = Journal.open(tmp_path)
    await journal.commit(write("a"))
    assert await names(journal) == ["a"]
    assert journal.ok
    await journal.close()
    assert [kept.read_bytes() for kept in moved_aside(tmp_path)] == [content]


async def test_where_nothing_can_be_written_it_lives_in_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    journal = Journal.open(tmp_path / "state")
    await journal.commit(write("a"))
    assert await names(journal) == ["a"]
    assert not journal.ok
    await journal.close()
    assert "the journal cannot be kept on the disk" in capsys.readouterr().out


async def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as later:
        later.execute(f"PRAGMA user_version={VERSION + 1}")
    later.close()
    before = path.read_bytes()
    journal = Journal.open(tmp_path)
    await journal.commit(write("a"))
    assert not journal.ok
    await journal.close()
    assert path.read_bytes() == before


async def test_a_full_disk_costs_nothing_that_was_there_and_is_left_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(monkeypatch, spare=4)
    journal = Journal.open(tmp_path)
    await journal.commit(write("before"))
    await journal.commit(write("large", "x" * 100_000))
    assert await names(journal) == ["before", "large"]
    assert not journal.ok
    monkeypatch.setattr(journal_file, "RETRY", 0.0)
    await journal.commit(write("after"))
    assert journal.ok
    await journal.close()
    again = Journal.open(tmp_path)
    assert await names(again) == ["after", "before", "large"]
    await again.close()


async def test_events_are_bounded(journal: Journal) -> None:
    def storm(connection: sqlite3.Connection) -> Any:
        rows = ((number, number, "test") for number in (*range(1, 1501), 101_000))
        connection.executemany("INSERT INTO events (id, at, kind) VALUES (?, ?, ?)", rows)
        return connection.execute("SELECT min(id), count(*) FROM events").fetchone()

    assert await journal.commit(storm) == (1001, 501)


def test_a_network_s_file_system_is_told_from_a_disk(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    deep = tmp_path / "deep"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {deep} nfs4 rw 0 0\n")
    assert is_network(deep / "state", mounts)
    assert not is_network(tmp_path, mounts)
    assert not is_network(tmp_path, tmp_path / "nothing")
