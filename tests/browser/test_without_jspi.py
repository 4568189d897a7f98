"""A browser without JSPI, which cannot wait inside a call: the same works, or says what to do.

All of these tests are in one file, so that only one process starts such a lab.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from lab import Lab, errors, sources
from playwright.sync_api import expect
from test_autosave import NUMBERS, START_UNPACED, WORK, failing, look, run
from test_export_in_site import EXPORT
from test_notebooks import CONTENT, NOTEBOOKS
from test_outputs_later import SAVE
from test_rests_in_site import the_last_cells_are_stored_in_a_rest


def test_save_and_load(lab_without_jspi: Lab, tmp_path: Path) -> None:
    """In browsers without JSPI, the error is clear, and the function for `await` works."""
    lab = lab_without_jspi
    assert lab.value("__import__('pyodide').ffi.can_run_sync()") is False
    lab.set_cells("from litestate import *\nopen('/home/pyodide/a', 'w').write('a')\nsave_state()")
    lab.run_all()
    bundle = lab.click_download(tmp_path)
    lab.check("import os; os.unlink('/home/pyodide/a')")
    lab.check("from litestate import *")
    assert "await aload_state()" in lab.run("(lambda: load_state())()").error
    # At the top level of a cell, it is awaited.
    lab.set_cells("load_state()")
    lab.start_all()
    lab.choose_file(bundle)
    assert "1 file added" in lab.finish()
    assert lab.value("open('/home/pyodide/a').read()") == "a"


def test_the_key_is_awaited(lab_without_jspi: Lab) -> None:
    lab = lab_without_jspi
    lab.check("from litestate import trust\nsigner = trust.Signer()\nassert signer(b'') is None")
    assert "cannot wait for its key inside a call" in lab.value("signer.note")
    lab.check("signature = await trust.Signer(trust.AWAITED).sign(b'a manifest')")
    assert lab.check("print(await trust.ajudge(signature, b'a manifest'))") == "own\n"
    error = lab.run("trust.judge(signature, b'a manifest')").error
    assert "NeedsAsyncError" in error and "await aload_state(" in error
    assert lab.value("trust.judge(None, b'')") == "stranger"

    # A bundle is signed all the same, if the call is awaited.
    lab.check(
        "import litestate\nf = lambda: 7\n"
        "save = lambda path: litestate.save_state(path, variables='f')\n"
        "report = save('/tmp/plain')"
    )
    assert "asave_state() can" in lab.value("str(report)")
    lab.check("report = await litestate.asave_state('/tmp/awaited')")
    assert "not signed" not in lab.value("str(report)")
    lab.check("del f\nreport = await litestate.aload_state('/tmp/plain.litestate.zip')")
    assert lab.value("[s.path for s in report.skipped]") == ["f"]
    lab.check("report = await litestate.aload_state('/tmp/awaited.litestate.zip')")
    assert lab.value("f()") == 7


def test_a_link_and_checkpoints_are_there_after_a_reload(fresh_lab_without_jspi: Lab) -> None:
    lab = fresh_lab_without_jspi
    assert "`await aautosave()`" in failing(lab, "(lambda: __import__('litestate').autosave())()")
    run(
        lab,
        START_UNPACED,
        WORK,
        "connection.rollback()\nconnection.close()",
    )
    before = look(lab)
    assert lab.value(NUMBERS) == [1, 2]
    run(lab, "await litestate.asave_state(variables=False)")
    link = lab.page.get_by_role("link", name="Download")
    expect(link).to_be_visible()
    lab.page.evaluate(SAVE)
    lab.reload()
    expect(lab.page.get_by_text("until the kernel ended")).to_be_visible()
    expect(link).to_be_hidden()

    # The call is not the last thing in the cell, and is over when the next line runs.
    run(lab, f"{START_UNPACED}\nnumber = len(litestate.checkpoints())")
    assert lab.value("number") > 1
    assert look(lab) == before
    run(lab, "(home / 'notes.txt').unlink()", "def back():\n    litestate.undo()\nback()")
    assert look(lab) == before


def test_the_last_cells_are_stored_in_a_rest(fresh_lab_without_jspi: Lab) -> None:
    the_last_cells_are_stored_in_a_rest(fresh_lab_without_jspi)


def test_excel(fresh_lab_without_jspi: Lab) -> None:
    lab = fresh_lab_without_jspi
    lab.set_cells(EXPORT)
    [error] = errors(lab.run_all())
    assert "NeedsAsyncError" in error
    assert "Nothing was written. Run `import openpyxl` in a cell of its own" in error
    lab.check("import openpyxl")
    lab.check("export_tables(path, Path.home() / 'runs.xlsx')")
    lab.check("import_table(Path.home() / 'runs.xlsx', path, 'again')")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebooks_run(lab_without_jspi: Lab, name: str) -> None:
    lab = lab_without_jspi
    lab.set_cells(*sources(CONTENT / name))
    # There is a checkpoint.
    lab.use_up()
    assert errors(lab.run_all()) == []
