"""Bundles of every released format version open: there is a fixture of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from folders import SUPPORT
from litestate.bundle.manifest import VERSION
from sessions import Session, count

BUNDLES = SUPPORT / "bundles"

DIGESTS = {1: "c0ce334adaab4e24563fdf3a4c894adcd104af306f9700d5e393e943c2c70fc4"}
"""Content digest of the worked example of docs/bundle-format.md, as in every fixture."""


UNRELEASED = {2}
"""Versions not yet released; the release adds a fixture."""


def test_each_version_has_a_fixture() -> None:
    assert DIGESTS.keys() | UNRELEASED == set(range(1, VERSION + 1))


@pytest.mark.parametrize("version", DIGESTS)
def test_it_loads(session: Session, version: int) -> None:
    data = (BUNDLES / f"version-{version}.litestate.zip").read_bytes()
    report = session.load(data)
    assert report.digest == DIGESTS[version]
    assert not report.skipped
    assert (session.home / "note.txt").read_text(encoding="utf-8") == "Zürich\n"
    assert (session.home / "latest").readlink() == Path("note.txt")
    assert (session.home / "empty").is_dir()
    assert count(session.home / "app.db", "rolls") == 1
    assert session.save()[1].digest == DIGESTS[version]
