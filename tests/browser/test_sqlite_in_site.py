"""SQLite in the notebook's folder: after a reload, exactly the committed data is there."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from lab import Lab

FILES = ("sqlite_tutorial.py", "sqlite_scenes.py")

NAMES = (
    "tutorial",
    "modes",
    "without_a_journal",
    "first_transaction",
    "two_connections",
    "two_connections_in_wal_mode",
    "closed_wal",
    "attached",
    "vacuumed",
    "spilling",
    "temporary_and_savepoints",
    "names",
    "many_commits",
)

BOUND = 60.0
"""Seconds for 10,000 commits; it takes about 4 s."""

IMPORT = """
from pyodide.http import pyfetch
import os, sys
for name in {names}:
    with open(f"/tmp/{name}", "wb") as file:
        file.write(await (await pyfetch("{url}" + name)).bytes())
sys.path.insert(0, "/tmp")
# An import statement would make the kernel look for it among Pyodide's packages online.
scenes = __import__("sqlite_scenes")
assert os.getcwd() == "/drive"
"""

SETTLE = """
import asyncio, pyodide_js
_drive = pyodide_js.FS.lookupPath("/drive").node.mount.type.litestate
await asyncio.wait_for(_drive.settled(), 60)
print(dict(_drive.unsaved()))
"""

Played = dict[str, dict[str, Any]]


def _prepare(lab: Lab) -> None:
    lab.check(IMPORT.replace("{url}", lab.url).replace("{names}", repr(FILES)))


def _settle(lab: Lab) -> None:
    """Wait until the page has stored everything, without an error."""
    unsaved = ast.literal_eval(lab.check(SETTLE))
    # These have an open transaction without a journal on disk.
    in_doubt = [path for path in unsaved if "memory" in path or "off" in path]
    assert list(unsaved) == in_doubt
    assert set(unsaved.values()) <= {"a connection is writing it, or keeps it locked"}


@pytest.fixture(scope="module")
def played(warm_lab: Lab) -> Played:
    """Play all scenes, each in a cell, reload, and check the databases."""
    lab = warm_lab.clean()
    for name in FILES:
        lab.serve(name, Path(__file__).with_name(name).read_bytes())
    _prepare(lab)
    scenes: Played = {}
    for name in NAMES:
        output = lab.run(f"print(scenes.play({name!r}))")
        scenes[name] = {"error": output.error, "seconds": 0.0, "expected": {}}
        if not output.error:
            scenes[name] |= json.loads(output.text)
    _settle(lab)
    lab.reload()
    _prepare(lab)
    for scene in scenes.values():
        scene.update(json.loads(lab.check(f"print(scenes.revisit({list(scene['expected'])!r}))")))
    return scenes


@pytest.mark.parametrize("name", NAMES)
def test_what_was_committed_is_there_after_a_reload(played: Played, name: str) -> None:
    scene = played[name]
    assert not scene["error"]
    assert scene["found"] == scene["expected"]
    # Rolled back or not, a journal of a transaction without an end would be taken for a hot one.
    assert scene["left"] == []


def test_ten_thousand_commits_take_seconds(played: Played) -> None:
    assert 0 < played["many_commits"]["seconds"] < BOUND
