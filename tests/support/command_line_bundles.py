"""Bundles for tests of the command line: of folders, and of databases made with SQL."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from pathlib import Path

from litestate import save_state
from litestate.bundle import Writer
from litestate.bundle.manifest import Manifest, Scope
from litestate.files.survey import survey
from litestate.host import roots
from litestate.state.save import write_into
from sessions import Session, make_database


def save_folder(folder: Path, bundle: Path) -> Path:
    """Save a folder from plain Python running in it."""
    with bundle.open("wb") as file:
        write_into(file, survey(roots.plain(folder)), "deflate")
    return bundle


def database(path: Path, sql: str) -> bytes:
    """Return the bytes of a database that a script makes."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    data = path.read_bytes()
    path.unlink()
    return data


def bundle_of(databases: dict[str, bytes], bundle: Path) -> Path:
    """Write a bundle of the given databases, with an escape sequence in its manifest."""
    file = io.BytesIO()
    with Writer(file) as writer:
        for name, data in databases.items():
            writer.add(f"databases/home/{name}", "database", [data], size=len(data))
        generator = {"litestate": "0.1.0", "python": "3.11", "platform": "\x1b[31mred"}
        writer.finish(
            Manifest("2026-11-22T12:00:00+00:00", None, generator, Scope(), writer.members)
        )
    bundle.write_bytes(file.getvalue())
    return bundle


def make_work_folder(folder: Path) -> Path:
    """Make a folder with files, an empty folder, a link, a notebook and a database."""
    (folder / "litestate-home").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "notes.txt").write_text("notes")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "litestate-home" / "latest").symlink_to("app.db")
    (folder / "start.ipynb").write_text("{}")
    make_database(folder / "litestate-home" / "app.db")
    return folder


def make_good_and_bad(folder: Path) -> None:
    """Make ``good.litestate.zip``, its changed copy ``bad.litestate.zip``, and ``app.db``."""
    (folder / "work").mkdir()
    (folder / "work" / "notes.txt").write_text("unmistakable")
    good = save_folder(folder / "work", folder / "good.litestate.zip").read_bytes()
    changed = good.replace(b"unmistakable", b"unmistakablE")
    assert changed != good
    (folder / "bad.litestate.zip").write_bytes(changed)
    make_database(folder / "app.db")


def save_state_with_database(session: Session, bundle: Path) -> Path:
    """Save a session with a file, an empty folder and a database."""
    (session.home / "notes.txt").write_text("notes")
    (session.notebook / "data").mkdir()
    make_database(session.notebook / "app.db")
    save_state(bundle)
    return bundle
