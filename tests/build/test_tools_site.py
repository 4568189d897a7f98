"""The order of the last steps; the browser tests check the site itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import extension, files, site
from tools.console import BuildError


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder to build in, with a site of one file and a wheel without content."""

    def jupyter_lite(command: str, source: Path, output: Path) -> None:
        if command == "build":
            (output / "files").mkdir(parents=True)
            (output / "files" / "large.csv").write_bytes(bytes(1000))

    (tmp_path / "extension" / "litestate").mkdir(parents=True)

    def hatchling(command: list[str | Path], **_options: object) -> str:
        wheels = Path(command[-1])
        wheels.mkdir()
        (wheels / "litestate-1.0-py3-none-any.whl").touch()
        return ""

    monkeypatch.setattr(site, "WORK", tmp_path)
    monkeypatch.setattr(site, "DIST", tmp_path / "dist")
    monkeypatch.setattr(site, "STAMP", tmp_path / "site.stamp")
    monkeypatch.setattr(site, "fetch", lambda *_arguments: {})
    monkeypatch.setattr(site, "_stage", lambda *_arguments: None)
    monkeypatch.setattr(site, "_jupyter_lite", jupyter_lite)
    monkeypatch.setattr(site, "_trim", lambda _output: None)
    monkeypatch.setattr(extension, "WORK", tmp_path)
    monkeypatch.setattr(extension, "WHEELS", tmp_path / "wheel")
    monkeypatch.setattr(extension, "run", hatchling)
    monkeypatch.setattr(extension, "EXTENSION", tmp_path / "extension")
    return tmp_path


def test_a_finished_site_is_not_built_again(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site.build(work / "cache", [])
    assert (work / "dist" / "files" / "large.csv").exists()
    capsys.readouterr()
    site.build(work / "cache", [])
    assert "dist/ is up to date" in capsys.readouterr().out


def test_a_site_too_large_is_refused_each_time_and_the_old_one_stays(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "dist").mkdir()
    (work / "dist" / "old.txt").touch()
    monkeypatch.setattr(site, "SIZE_LIMIT", 999)
    for _ in range(2):
        with pytest.raises(BuildError, match=r"files/large\.csv"):
            site.build(work / "cache", [])
        assert [path.name for path in (work / "dist").iterdir()] == ["old.txt"]


@pytest.mark.parametrize("name", ["site", "wheel"])
def test_a_kill_while_swapping_leaves_no_stamp(
    work: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def killed(_new: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    stamp = work / f"{name}.stamp"
    site.build(work / "cache", [])
    # Built from other sources than the present ones.
    stamp.write_text("old")
    monkeypatch.setattr(files, "swap_folder", killed)
    with pytest.raises(KeyboardInterrupt):
        extension.build_wheel() if name == "wheel" else site.build(work / "cache", [])
    assert not stamp.exists()
