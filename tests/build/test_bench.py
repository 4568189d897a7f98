"""The benches run: a small load, in CPython, where only their times mean something else."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tools.paths import ROOT

KERNEL = ROOT / "bench" / "kernel"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(KERNEL))
    monkeypatch.chdir(tmp_path)
    load_r = importlib.import_module("load_r")
    monkeypatch.setattr(load_r, "COUNT", 3)
    monkeypatch.setattr(load_r, "LARGE", 1 << 20)


@pytest.mark.usefixtures("small")
def test_the_bundle_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = importlib.import_module("bundle")
    monkeypatch.setattr(bundle, "STATE", tmp_path / "load")
    monkeypatch.setattr(bundle, "OURS", tmp_path / "ours.litestate.zip")
    monkeypatch.setattr(bundle, "THEIRS", tmp_path / "theirs.zip")
    rows = bundle.run()
    assert {row["what"] for row in rows} >= {"save, deflate", "load, nothing there", "only look"}
    assert all(row["ours"] > 0 < row["theirs"] for row in rows)


def test_a_bench_that_there_is_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    run = importlib.import_module("run")
    assert run.main(["nothing"]) == 2
    assert "there is bundle" in capsys.readouterr().err
