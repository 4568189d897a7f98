"""Bundles against Python's own zipfile, which neither verifies nor can be undone."""

from __future__ import annotations

import shutil
import zipfile
from functools import partial
from pathlib import Path

import litestate
import load_r
from measure import against
from rows import Row

STATE = Path.home() / "load"
OURS, THEIRS = Path("/tmp/ours.litestate.zip"), Path("/tmp/theirs.zip")

METHODS = {"zstd": getattr(zipfile, "ZIP_ZSTANDARD", None), "deflate": zipfile.ZIP_DEFLATED}


def run() -> list[Row]:
    """Save and load load R; nothing is compressed twice."""
    load_r.make(STATE)
    load = partial(litestate.load_state, OURS)
    return [
        *(_save(name, method) for name, method in METHODS.items() if method is not None),
        against("load, nothing there", "extractall()", load, _unzip, prepare=_clear),
        against("load, nothing changed", "extractall()", load, _unzip),
        against("only look", "testzip()", partial(load, dry_run=True), _test, prepare=_clear),
    ]


def _save(name: str, method: int) -> Row:
    save = partial(litestate.save_state, OURS, paths=STATE, compression=name)
    return against(f"save, {name}", f"zipfile, {name}", save, partial(_zip, method))


def _zip(method: int) -> None:
    with zipfile.ZipFile(THEIRS, "w", method) as archive:
        for path in STATE.iterdir():
            archive.write(path, path.name)


def _unzip() -> None:
    with zipfile.ZipFile(THEIRS) as archive:
        archive.extractall(STATE)


def _test() -> None:
    with zipfile.ZipFile(THEIRS) as archive:
        archive.testzip()


def _clear() -> None:
    shutil.rmtree(STATE, ignore_errors=True)
