"""What a cell sets of IPython comes back in another shell, or waits for trust."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestate import environment
from litestate.environment import executed
from shells import new_shell


@pytest.fixture(autouse=True)
def numpys_precision() -> Iterator[None]:
    """``%precision`` sets that of NumPy, too, where it is imported."""
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


CASES: dict[str, tuple[str, Read, bool]] = {
    "interactivity": (
        "%config InteractiveShell.ast_node_interactivity = 'all'",
        _interactivity,
        True,
    ),
    "precision": ("%precision 3", _precision, True),
    "traceback mode": ("%xmode Minimal", _mode, True),
    "alias": ("%alias hi echo hello", _alias, False),
    "autoreload": ("%load_ext autoreload\n%autoreload 2", _autoreload, False),
}


def described(source: str, read: Read) -> tuple[dict[str, Any], Any]:
    """Run a cell in a shell; return what a bundle has of it, and the value."""
    with new_shell(as_the_one=True) as shell:
        executed.follow(shell)
        shell.run_cell("'%'", store_history=True)
        untouched = environment.describe(parts=["options"])
        assert not untouched["options"]["set"].get("IPython")
        shell.run_cell(source, store_history=True)
        document = environment.describe(parts=["options"])
        return environment.read(environment.dump(document)), read(shell)


@pytest.mark.parametrize("name", CASES)
def test_it_comes_back_in_another_shell(name: str) -> None:
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


def test_what_a_package_logs_is_its_own_affair() -> None:
    import logging

    with new_shell(as_the_one=True) as shell:
        executed.follow(shell)
        logging.getLogger("json.made.by.a.package").setLevel(10)
        shell.run_cell("1 + 1", store_history=True)
        assert "logging" not in environment.describe(parts=["options"])["options"]["set"]
        shell.run_cell("import logging; logging.getLogger('json').setLevel(10)", store_history=True)
        found = environment.describe(parts=["options"])["options"]["set"]["logging"]
        assert found["logger json"] == [10, True, False, []]
        logging.getLogger("json").setLevel(0)
        logging.getLogger("json.made.by.a.package").setLevel(0)


def test_filters_of_packages_are_not_the_notebooks() -> None:
    import warnings

    with new_shell(as_the_one=True) as shell, warnings.catch_warnings():
        executed.follow(shell)
        warnings.filterwarnings("ignore", message="of a package")
        shell.run_cell("1 + 1", store_history=True)
        assert "warnings" not in environment.describe(parts=["options"])["options"]["set"]
        shell.run_cell("import warnings as w; w.simplefilter('ignore')", store_history=True)
        assert "warnings" in environment.describe(parts=["options"])["options"]["set"]
