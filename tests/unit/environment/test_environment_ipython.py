"""IPython's settings are restored in another shell, or wait for trust."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ipython_shells import new_shell
from litestate import environment
from litestate.environment import module_changes, module_scan
from litestate.shell import cell_log


@pytest.fixture(autouse=True)
def numpys_precision() -> Iterator[None]:
    """``%precision`` also sets NumPy's precision, if NumPy is imported."""
    yield
    if numpy := sys.modules.get("numpy"):
        numpy.set_printoptions(precision=8)


Read = Callable[[Any], Any]


def _interactivity(shell: Any) -> Any:
    return shell.ast_node_interactivity


def _precision(shell: Any) -> Any:
    return shell.display_formatter.formatters["text/plain"](1 / 3)


def _mode(shell: Any) -> Any:
    return shell.InteractiveTB.mode


def _alias(shell: Any) -> Any:
    return dict(shell.alias_manager.aliases).get("hi")


def _autoreload(shell: Any) -> Any:
    magics = shell.magics_manager.registry.get("AutoreloadMagics")
    return magics and (magics._reloader.enabled, magics._reloader.check_all)


def _figures(shell: Any) -> Any:
    return dict(shell.config["InlineBackend"]).get("figure_format")


CASES: dict[str, tuple[str, Read, bool]] = {
    "interactivity": (
        "%config InteractiveShell.ast_node_interactivity = 'all'",
        _interactivity,
        True,
    ),
    "precision": ("%precision 3", _precision, True),
    "traceback mode": ("%xmode Minimal", _mode, True),
    "figures, before the first one": (
        "%config InlineBackend.figure_format = 'svg'",
        _figures,
        True,
    ),
    "alias": ("%alias hi echo hello", _alias, False),
    "autoreload": ("%load_ext autoreload\n%autoreload 2", _autoreload, False),
}


def described(source: str, read: Read) -> tuple[dict[str, Any], Any]:
    """Run a cell in a shell; return the document of a bundle, and the value."""
    with new_shell(as_the_one=True) as shell:
        cell_log.follow(shell)
        shell.run_cell("'%'", store_history=True)
        untouched = environment.describe(parts=["options"])
        assert not untouched["options"]["set"].get("IPython")
        shell.run_cell(source, store_history=True)
        document = environment.describe(parts=["options"])
        return environment.read(environment.dump(document)), read(shell)


@pytest.mark.parametrize("name", CASES)
def test_a_setting_is_restored_in_another_shell(name: str) -> None:
    source, read, is_safe = CASES[name]
    document, wanted = described(source, read)
    with new_shell(as_the_one=True) as shell:
        before = read(shell)
        assert before != wanted
        wary = environment.apply(document, trusted=False, parts=["options"])
        assert (read(shell) == wanted) == is_safe
        assert bool(wary.waiting) != is_safe
        wary.undo()
        assert read(shell) == before
        applied = environment.apply(document, trusted=True, parts=["options"])
        assert read(shell) == wanted
        assert not applied.waiting
        assert not applied.skipped


def test_loggers_of_packages_are_not_saved() -> None:
    import logging

    with new_shell(as_the_one=True) as shell:
        cell_log.follow(shell)
        logging.getLogger("json.made.by.a.package").setLevel(10)
        shell.run_cell("1 + 1", store_history=True)
        assert "logging" not in environment.describe(parts=["options"])["options"]["set"]
        shell.run_cell("import logging; logging.getLogger('json').setLevel(10)", store_history=True)
        found = environment.describe(parts=["options"])["options"]["set"]["logging"]
        assert found["logger json"] == [10, True, False, []]
        logging.getLogger("json").setLevel(0)
        logging.getLogger("json.made.by.a.package").setLevel(0)


def test_filters_of_packages_are_not_saved() -> None:
    import warnings

    with new_shell(as_the_one=True) as shell, warnings.catch_warnings():
        cell_log.follow(shell)
        warnings.filterwarnings("ignore", message="of a package")
        shell.run_cell("1 + 1", store_history=True)
        assert "warnings" not in environment.describe(parts=["options"])["options"]["set"]
        shell.run_cell("import warnings as w; w.simplefilter('ignore')", store_history=True)
        assert "warnings" in environment.describe(parts=["options"])["options"]["set"]


REGISTERED = {
    "magics": "from IPython.core.magic import register_line_magic\n"
    "@register_line_magic\ndef hello(line): pass",
    "events of IPython": "get_ipython().events.register('post_run_cell', lambda result: None)",
    "formatters of IPython": "class Thing: pass\n"
    "get_ipython().display_formatter.formatters['text/html'].for_type(Thing, lambda thing: 'x')",
    "transformers of cells": "get_ipython().input_transformers_post.append(lambda lines: lines)",
    "handlers of exceptions": "def handler(shell, kind, value, tb, tb_offset=None): pass\n"
    "get_ipython().set_custom_exc((ZeroDivisionError,), handler)",
    "hooks of IPython": "get_ipython().set_hook('show_in_pager', lambda shell, text: None)",
    "atexit.register()": "from atexit import register as at_end\n_ = at_end(int)",
    "codecs.register()": "import codecs as c\nc.register(lambda name: None)",
    "mimetypes.add_type()": "def add():\n    import mimetypes\n"
    "    mimetypes.add_type('a/b', '.ab')\nadd()",
    "os.umask()": "import os\n_ = os.umask(os.umask(0o22))",
}


@pytest.mark.parametrize("name", REGISTERED)
def test_a_registration_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_changes, "known", module_changes.Known())
    with new_shell(as_the_one=True) as shell:
        cell_log.follow(shell)
        untouched = environment.describe(parts=["options"])["options"]["left_out"]
        assert name not in untouched
        result = shell.run_cell(REGISTERED[name], store_history=True)
        assert result.success
        for thorough in (False, True):
            found = environment.describe(parts=["options"], thorough=thorough)
            assert "not saved" in found["options"]["left_out"][name]
        named = {each.path: each for each in environment.left_out(found)}
        assert named[name].advice == "Set it again after loading."


def test_attributes_set_by_cells_are_found_without_a_full_scan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import textwrap

    monkeypatch.setattr(module_changes, "known", module_changes.Known())
    monkeypatch.setattr(module_scan, "_BUDGET", 0)
    with new_shell(as_the_one=True) as shell:
        cell_log.follow(shell)
        try:
            for cell in ("import textwrap", "%time textwrap.first = 1\ntextwrap.second = 2", "3"):
                shell.run_cell(cell, store_history=True)
                found = environment.describe(parts=["options"], thorough=False)["options"]["set"]
            assert found["attributes"]["textwrap:second"] == ["value", 2]
            shell.run_cell("del textwrap.second", store_history=True)
            found = environment.describe(parts=["options"], thorough=False)["options"]["set"]
            assert "textwrap:second" not in found.get("attributes", {})
        finally:
            vars(textwrap).pop("first", None)
            vars(textwrap).pop("second", None)


def test_restored_attributes_are_saved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are saved although no cell of the new session has set them."""
    import textwrap

    document = {"options": {"set": {"attributes": {"textwrap:third": ["value", 3]}}}}
    monkeypatch.setattr(module_changes, "known", module_changes.Known())
    with new_shell(as_the_one=True) as shell:
        cell_log.follow(shell)
        applied = environment.apply(document, trusted=True, parts=["options"])
        found = environment.describe(parts=["options"], thorough=False)["options"]["set"]
        assert found["attributes"] == {"textwrap:third": ["value", 3]}
        applied.undo()
        assert not hasattr(textwrap, "third")
        assert not environment.describe(parts=["options"])["options"]["set"].get("attributes")
