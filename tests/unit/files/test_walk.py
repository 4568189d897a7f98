"""Walks of folders that contain each other."""

from __future__ import annotations

import litestate
from sessions import Session, make_database


def test_a_path_named_twice_is_saved_once(session: Session) -> None:
    folder = session.home / "data"
    folder.mkdir()
    (folder / "a.txt").write_text("text")
    make_database(folder / "app.db")
    paths = [folder / "a.txt", folder, folder / "app.db", session.home, folder]
    _, report = session.save(paths=paths)
    assert [line.label for line in report.lines()] == ["~/data", "~/data/a.txt", "~/data/app.db"]
    assert not report.skipped
    assert [line.label for line in litestate.show_state(paths=paths).lines()] == [
        line.label for line in report.lines()
    ]
