"""Settings, and attributes set on classes of libraries, in checkpoints and bundles."""

from __future__ import annotations

import decimal
import warnings
from collections.abc import Iterator

import pytest
from ipython_shells import pretend_shell
from litestate import environment
from litestate.environment import logging_settings, module_changes
from litestate.shell import cell_log
from litestate.shell.cell_log import Log
from variable_kernels import Notebook

SET = """
import decimal, warnings, textwrap
decimal.getcontext().prec = 7
warnings.simplefilter("error", FutureWarning)
def shout(text): return text.upper()
textwrap.TextWrapper.shout = shout
"""


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module_changes, "known", module_changes.Known())
    pretend_shell(monkeypatch, None, "environment", "shell", "checkpoints")
    monkeypatch.setattr(cell_log, "_without_shell", Log())
    with warnings.catch_warnings(), decimal.localcontext():
        warnings.filters[:] = logging_settings.usual_filters()  # type: ignore[index]
        yield
    unset()


def unset() -> None:
    import textwrap

    decimal.getcontext().prec = 28
    warnings.filters[:] = logging_settings.usual_filters()  # type: ignore[index]
    if hasattr(textwrap.TextWrapper, "shout"):
        del textwrap.TextWrapper.shout


def test_settings_and_attributes_are_restored(notebook: Notebook) -> None:
    notebook.cell(SET, thorough=True)
    unset()
    assert notebook.reloaded() == set()
    assert notebook.names["decimal"].getcontext().prec == 7
    assert warnings.filters[0][:3] == ("error", None, FutureWarning)
    import textwrap

    assert textwrap.TextWrapper.shout is notebook.names["shout"]  # type: ignore[attr-defined]
    # The next checkpoint contains them, too.
    notebook.cell("more = 1")
    unset()
    assert notebook.reloaded() == set()
    assert notebook.names["decimal"].getcontext().prec == 7
    assert textwrap.TextWrapper.shout is notebook.names["shout"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("thorough", [False, True])
def test_a_setting_alone_makes_one_checkpoint(notebook: Notebook, thorough: bool) -> None:
    session = notebook.kernel.session
    notebook.cell("import decimal, textwrap\nnumber = decimal.Decimal(1)\ndef shout(text): pass")
    session.checkpoint("settled", thorough=True)
    assert session.checkpoint("cell") is None
    notebook.run("decimal.getcontext().prec = 9\ntextwrap.TextWrapper.shout = shout")
    assert session.checkpoint("cell", thorough=True) is not None
    for _ in range(3):
        assert session.checkpoint("cell", thorough=thorough) is None


def test_settings_are_undone_when_the_load_fails(notebook: Notebook) -> None:
    notebook.run(SET)
    document = environment.describe(notebook.kernel.session.scanner.roots)
    unset()
    applied = environment.apply(document, trusted=True, parts=["options"])
    assert decimal.getcontext().prec == 7
    applied.undo()
    assert decimal.getcontext().prec == 28
    assert warnings.filters == logging_settings.usual_filters()
    import textwrap

    assert not hasattr(textwrap.TextWrapper, "shout")
