"""A browser that is killed while a cell commits leaves whole databases in the folder."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlite_commits
from drive_killing import Run, drive_killer, wrong
from playwright.sync_api import Browser

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="finds the browser's processes in /proc"
)

KILLS = 1

ENOUGH = 20
"""Transactions that some database has to have for the rest to say something."""


def test_a_killed_browser_leaves_whole_transactions(browser: Browser) -> None:
    with drive_killer(browser.browser_type, seed=20261122) as one:
        runs = [one.run(last=number == KILLS) for number in range(KILLS + 1)]
    assert [wrong(run) for run in runs] == [[] for _ in runs]
    assert max(runs[-1].found.values()) > ENOUGH


def _spoil_row(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM entry WHERE number = 40 AND part = 0")


def _spoil_stamp(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE entry SET stamp = 0 WHERE number = 2")


def _unfinished(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE state SET number = -number")


def _too_early(connection: sqlite3.Connection) -> None:
    connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", sqlite_commits.rows_of(48))


@pytest.mark.parametrize("spoil", [_spoil_row, _spoil_stamp, _unfinished, _too_early])
def test_a_part_of_a_transaction_is_found(
    tmp_path: Path, spoil: Callable[[sqlite3.Connection], None]
) -> None:
    path = tmp_path / "a.db"
    connection = sqlite_commits.connect(path, "delete")
    for number in range(1, 48):
        sqlite_commits.transact(connection, number, "ROLLBACK")
        sqlite_commits.transact(connection, number)
    assert sqlite_commits.found(path) == (47, [])
    spoil(connection)
    assert sqlite_commits.found(path)[1]
    connection.close()


def test_a_damaged_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    sqlite_commits.connect(path, "wal").close()
    assert sqlite_commits.found(path) == (0, [])
    path.write_bytes(b"\0" * 4096 + path.read_bytes())
    assert sqlite_commits.found(path)[1]


def test_less_than_before_and_more_than_committed_is_wrong() -> None:
    assert not wrong(Run(before={"wal": 3}, limit=5, found={"wal": 5}))
    assert wrong(Run(before={"wal": 3}, limit=5, found={"wal": 2}))
    assert wrong(Run(before={"wal": 3}, limit=5, found={"wal": 6}))
