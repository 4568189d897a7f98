"""Outputs after their kernel has ended: they are stored with the notebook, and read later."""

from __future__ import annotations

import pytest
from lab import Lab, errors
from playwright.sync_api import expect
from test_handshake import restart

CELLS = ("import litestate\nlitestate.autosave(variables=False)", "litestate.save_state()")

NOW, LATER = "Autosave is on for", "Autosave was turned on for"

SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"

STACKED = """
(width) => {
  const report = [...document.querySelectorAll(".litestate")].at(-1);
  report.parentElement.style.width = `${width}px`;
  const box = report.getBoundingClientRect();
  const cut = [...report.querySelectorAll("*")].filter((it) => {
    const { right, width } = it.getBoundingClientRect();
    return width && right > box.right + 1;
  });
  return cut.map((it) => it.outerHTML.slice(0, 200));
}
"""


def run(lab: Lab, *cells: str) -> None:
    lab.set_cells(*cells)
    made = lab.run_all()
    assert not errors(made), errors(made)


def is_alive(lab: Lab) -> list[bool]:
    """Return whether autosave and the link look active; readers see one state or the other."""
    now, later = (lab.page.get_by_text(text) for text in (NOW, LATER))
    expect(now.or_(later).filter(visible=True)).to_have_count(1)
    link = lab.page.get_by_role("link", name="Download")
    gone = lab.page.get_by_text("could be downloaded here until the kernel ended")
    expect(link.or_(gone).filter(visible=True)).to_have_count(1)
    return [now.is_visible(), link.is_visible()]


LATE_LOCKS = """
from pyodide.code import run_js
run_js('''(() => {
  const request = navigator.locks.request.bind(navigator.locks);
  navigator.locks.request = (...given) => new Promise(
    (resolve, reject) => setTimeout(() => request(...given).then(resolve, reject), 1000)
  );
})()''')
"""
"""Let the kernel get its locks later than the page would, as happens on a busy computer."""


def test_after_restarts_and_after_a_reload_nothing_looks_alive(fresh_lab: Lab) -> None:
    """In one lab, as each of them starts a kernel."""
    lab = fresh_lab
    # Before anything else of litestate is in the page.
    _a_link_alone_is_gone_after_a_restart(lab)
    _autosave_and_a_link_after_a_restart(lab)
    _all_of_it_and_an_open_form_after_a_reload(lab)
    _although_the_kernel_gets_its_lock_late(lab)


def _a_link_alone_is_gone_after_a_restart(lab: Lab) -> None:
    # On a busy computer the page takes longer to run its first script.
    lab.check("from litestate.browser import form\nform.WATCH_TIMEOUT = 20.0")
    run(lab, "import litestate\nlitestate.save_state(variables=False)")
    link = lab.page.get_by_role("link", name="Download")
    expect(link).to_be_visible()
    restart(lab)
    expect(link).to_be_hidden(timeout=10_000)


def _autosave_and_a_link_after_a_restart(lab: Lab) -> None:
    run(lab, *CELLS)
    assert is_alive(lab) == [True, True]
    # A second kernel has its own marks.
    restart(lab)
    expect(lab.page.get_by_text(LATER)).to_be_visible(timeout=10_000)
    assert is_alive(lab) == [False, False]


def _all_of_it_and_an_open_form_after_a_reload(lab: Lab) -> None:
    lab.set_cells(*CELLS, "litestate.load_state()")
    lab.start_all()
    field, text = (
        lab.page.locator("input[type=file]"),
        lab.page.get_by_text("ended with its kernel"),
    )
    expect(field).to_be_visible(timeout=30_000)
    expect(text).to_be_hidden()
    assert is_alive(lab) == [True, True]
    lab.page.evaluate(SAVE)
    lab.reload()
    expect(text).to_be_visible(timeout=10_000)
    expect(field).to_be_hidden()
    assert is_alive(lab) == [False, False]


def _although_the_kernel_gets_its_lock_late(lab: Lab) -> None:
    run(lab, LATE_LOCKS, *CELLS)
    assert is_alive(lab) == [True, True]
    page = lab.page.content()
    assert "BroadcastChannel" not in page
    assert not [cell for cell in lab.cells() if "<script" in str(cell["outputs"])]
    restart(lab)
    expect(lab.page.get_by_text(LATER)).to_be_visible(timeout=10_000)
    assert is_alive(lab) == [False, False]


@pytest.mark.parametrize("width", [640, 300, 180])
def test_nothing_is_cut_off_in_a_narrow_report(shared_lab: Lab, width: int) -> None:
    lab = shared_lab
    run(
        lab,
        "import litestate\nfrom pathlib import Path",
        "for i in range(12): globals()[f'measurement_of_the_day_{i}'] = 'long ' * i\n"
        "class A: pass\nit = [A() for _ in range(3)]\n"
        "(Path.home() / ('a_name_without_spaces_' * 5)).write_text('x')\n"
        "litestate.save_state()",
    )
    assert lab.page.evaluate(STACKED, width) == []
