"""The benches run with a small load, in CPython, where their times have another meaning."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

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
    assert {row.what for row in rows} >= {"save, deflate", "load, nothing there", "only look"}
    assert all(row.ours.median > 0 < row.theirs.median for row in rows)


@pytest.mark.usefixtures("small")
def test_what_changed_is_stored_by_each_side_in_turn(tmp_path: Path) -> None:
    measure, rows = (importlib.import_module(name) for name in ("measure", "rows"))
    order: list[str] = []

    class Side:
        def __init__(self, name: str, *, tells: bool) -> None:
            self.name, self.folder, self._tells = name, tmp_path / name, tells

        def store(self) -> None:
            order.append(self.name)

        def written(self) -> int | None:
            return 10 * order.count(self.name) if self._tells else None

    ours, theirs, silent = Side("ours", tells=True), Side("a", tells=True), Side("b", tells=False)
    target = rows.Target(60.0, 10)
    made = measure.contest(
        "it",
        ours,
        [theirs, silent],
        lambda side, number: order.append(f"{side.name}{number}"),
        target=target,
        rounds=2,
    )
    assert order[:6] == ["ours0", "ours", "a0", "a", "b0", "b"]
    assert [row.peer for row in made] == ["a", "b"]
    assert made[0].ours.written == made[0].theirs.written == [10, 10]
    assert made[1].theirs.written == []
    assert len(made[1].theirs.seconds) == 2
    assert made[0].is_met


def _row(seconds: float, written: int | None = None, *, target: bool = True) -> Any:
    rows = importlib.import_module("rows")
    ours = rows.Taken([seconds], [] if written is None else [written])
    theirs = rows.Taken([2.0, 4.0, 9.0])
    return rows.Row("it", "peer", ours, theirs, rows.Target(1.5, 1000) if target else None)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("seconds", "written", "met"),
    [(1.5, 1000, True), (1.6, 0, False), (1.0, 1001, False), (1.0, None, False)],
)
def test_whether_a_target_is_met(seconds: float, written: int | None, met: bool) -> None:
    assert _row(seconds, written).is_met is met


@pytest.mark.usefixtures("small")
def test_a_table_of_rows() -> None:
    rows = importlib.import_module("rows")
    lines = rows.table([_row(2.0, 2000), _row(0.05)]).splitlines()
    assert lines[0].split() == ["litestate", "peer", "ratio", "written", "target", "peer"]
    assert lines[1].split("  ")[0] == "it"
    for word in ("2,000 ms", "4,000 ms", "0.50", "2.0 kB", "1,500 ms, 1.0 kB", "missed"):
        assert word in lines[1]
    # No column that is empty in all rows.
    bare = rows.table([_row(0.05, target=False)]).splitlines()
    assert bare[0].split() == ["litestate", "peer", "ratio", "peer"]
    assert bare[1].split() == ["it", "50.0", "ms", "4,000", "ms", "0.01", "peer"]


@pytest.mark.usefixtures("small")
def test_rows_go_from_the_kernel_to_the_table_and_rounds_come_together() -> None:
    rows = importlib.import_module("rows")
    sent = [_row(1.0, 500), _row(3.0, 700, target=False)]
    received = rows.parse(rows.dump(sent))
    assert received == sent
    (one,) = rows.merged(received)
    assert one.ours.seconds == [1.0, 3.0]
    assert one.ours.written == [500, 700]
    assert len(one.theirs.seconds) == 6
    assert one.facts()["ratio"] == 0.5


def test_a_bench_that_there_is_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    run = importlib.import_module("run")
    assert run.main(["nothing"]) == 2
    assert "there is bundle, checkpoint, variables, drive, kill" in capsys.readouterr().err
