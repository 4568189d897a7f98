"""The check of a release's tag, and its part of the changelog."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import release
from tools.paths import ROOT

CHANGELOG = """\
# Changelog

## [Unreleased]

- Later.

## [0.2.0] - 2026-12-24

### Added

- A thing, see [the guide](docs/guide.md).

## [0.1.0] - 2026-12-01

- All.
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(release, "CHANGELOG", tmp_path / "CHANGELOG.md")
    monkeypatch.setattr(release, "EXTENSION", tmp_path)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    write_version(tmp_path, "0.2.0")
    return tmp_path


def write_version(folder: Path, version: str) -> None:
    (folder / "package.json").write_text(json.dumps({"version": version}), encoding="utf-8")


def test_the_notes_are_the_part_of_the_version(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert release.main(["v0.2.0"]) == 0
    notes = "### Added\n\n- A thing, see [the guide](docs/guide.md).\n"
    assert capsys.readouterr().out == notes
    write_version(project, "0.1.0")
    assert release.main(["v0.1.0"]) == 0
    assert capsys.readouterr().out == "- All.\n"


@pytest.mark.parametrize("tag", ["v0.1.0", "0.2.0", "v0.2.0-rc1", "v0.2"])
def test_a_tag_of_another_version_is_refused(
    project: Path, tag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert release.main([tag]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert f"the tag {tag} is not v0.2.0" in output.err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("## [0.2.0] - 2026-12-24", "## [0.2.0]"),
        ("## [0.2.0]", "## [0.2.1]"),
        ("### Added\n\n- A thing, see [the guide](docs/guide.md).\n", ""),
    ],
)
def test_a_version_without_entries_is_refused(
    project: Path, old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert old in CHANGELOG
    (project / "CHANGELOG.md").write_text(CHANGELOG.replace(old, new), encoding="utf-8")
    assert release.main(["v0.2.0"]) == 1
    assert "no entries under a heading like" in capsys.readouterr().err


def test_it_runs_on_the_standard_library_alone() -> None:
    # As in the workflow, before anything is installed.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, '.'); "
         "from tools.release import main; sys.exit(main(['v999']))"],
        cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the tag v999 is not v" in done.stderr
