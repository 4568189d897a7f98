"""Bundles in another browser, which has another key: one profile for all of these tests."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import entered
from lab import Lab
from litestate import load_state
from next_cell_notebook import GOES_ON, WORK
from playwright.sync_api import Browser
from test_key import JUDGE, key_of, verdict
from test_trip import FETCH, LOOK, LOST, MAKE, leaves_nothing, load_by_hand, save_by_hand


@pytest.fixture(scope="module")
def _warm_other_lab(site: str, browser: Browser) -> Iterator[Lab]:
    with entered(site, browser) as lab:
        yield lab


@pytest.fixture
def other_lab(_warm_other_lab: Lab) -> Lab:
    """The site in another profile than `shared_lab`, as clean."""
    return _warm_other_lab.clean()


# First, while the other browser has no key.
def test_another_browser_has_another_key(shared_lab: Lab, other_lab: Lab) -> None:
    first, second = shared_lab, other_lab
    mine = f"trust.Signature({key_of(first)!r}, {first.value('signature.hmac_sha256')!r})"
    second.check(JUDGE)
    assert verdict(second, mine) == "stranger"
    assert key_of(second) not in mine
    assert verdict(second, mine) == "stranger"


def test_everything_is_had_again_elsewhere_and_after_a_reload(
    shared_lab: Lab, other_lab: Lab, tmp_path: Path
) -> None:
    lab = shared_lab
    lab.check(MAKE + LOOK)
    before = lab.value("look()")
    bundle = save_by_hand(lab, tmp_path)
    assert bundle.name.startswith("state-20")
    assert bundle.name.endswith(".litestate.zip")
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        assert "files/notebook/results/a.csv" in archive.namelist()
        assert not [name for name in archive.namelist() if name.endswith(".ipynb")]
    link = lab.page.get_by_role("link", name="Download").last.get_attribute("href")
    assert link is not None
    assert link.startswith("blob:")
    assert lab.page.evaluate(FETCH, link) == "alive"

    other = other_lab
    other.check(LOST)
    outputs = load_by_hand(other, bundle)
    assert "2 databases" in outputs
    leaves_nothing(other)
    other.check(LOOK)
    assert other.value("look()") == before

    lab.reload()
    assert lab.page.evaluate(FETCH, link) == "dead"
    lab.check(LOST)
    load_by_hand(lab, bundle, "load_state(clean=True)")
    leaves_nothing(lab)
    lab.check(LOOK)
    assert lab.value("look()") == before


def test_a_bundle_in_the_same_browser_in_another_and_in_plain_python(
    shared_lab: Lab, other_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = shared_lab
    lab.check(WORK)
    lab.check("import litestate\nreport = litestate.save_state('/tmp/all')\nprint(report)")
    assert [it[0] for it in lab.value("[[s.path] for s in report.skipped]")] == ["generator"]
    data = bytes(lab.value("list(open('/tmp/all.litestate.zip', 'rb').read())"))

    # The key that signs outlives the kernel: nothing waits.
    lab.reload()
    lab.serve("all.zip", data)
    lab.check(f"import litestate\nreport = litestate.load_state('{lab.url}all.zip')")
    assert lab.value("[s.path for s in report.skipped]") == []
    lab.check(GOES_ON)

    # For another browser it is a stranger's.
    other = other_lab
    other.serve("all.zip", data)
    other.check(f"import litestate\nreport = litestate.load_state('{other.url}all.zip')")
    waiting = other.value("sorted(s.path for s in report.skipped)")
    assert {"Model", "model", "twice", "root"} <= set(waiting)
    reasons = other.value("{s.path: s.reason for s in report.skipped}")
    assert "code of" in reasons["twice"]
    assert "<lambda>" in reasons["twice"]
    assert "trust=True" in other.value("[s.advice for s in report.skipped if s.path == 'model'][0]")
    other.check("assert same is numbers and np.shares_memory(view, array) and len(table) == 3")
    assert other.value("'model' in globals()") is False
    other.check(f"litestate.load_state('{other.url}all.zip', trust=True)")
    other.check(GOES_ON)

    # In a program nothing is put into its names, unless it is asked for.
    monkeypatch.chdir(tmp_path)
    report = load_state(data)
    assert [line.kind for line in report.lines()] == ["database"]
