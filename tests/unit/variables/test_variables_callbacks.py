"""Callbacks registered with an object: restored with it, or named in the report."""

from __future__ import annotations

from typing import Any

import pytest
from litestate.variables.pickles import callbacks
from saved_kernels import Notebook, capture_all, restore_all


def brought_back(source: str) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Run a cell, save its names and load them; return them and the report of the save."""
    notebook = Notebook()
    with notebook.running() as names:
        exec(compile(source, "<cell>", "exec"), names)
    captured = capture_all(notebook)
    assert not captured.skipped
    new, failed, _ = restore_all(captured, trusted=True)
    assert not failed
    return new.names, captured.notes


TRAITS = """
import traitlets
class Tank(traitlets.HasTraits):
    level = traitlets.Int(0)
    name = traitlets.Unicode()
    @traitlets.observe("level")
    def _noted(self, change): seen.append(("class", change.new))
class Logger:
    def note(self, change): seen.append(("method", change.new))
seen = []
def note(change): seen.append(("function", change.new))
logger = Logger()
tank = Tank()
tank.observe(note, "level")
tank.observe(logger.note, ["level", "name"])
tank.observe(lambda change: seen.append(("lambda", change.new)))
"""


def test_observers_are_restored_once_and_in_order() -> None:
    pytest.importorskip("traitlets")
    names, notes = brought_back(TRAITS)
    assert notes == {}
    names["tank"].level = 3
    assert names["seen"] == [("class", 3), ("function", 3), ("method", 3), ("lambda", 3)]
    names["seen"].clear()
    names["tank"].unobserve(names["note"], "level")
    names["tank"].name = "a"
    assert names["seen"] == [("method", "a"), ("lambda", "a")]


def test_links_are_restored_in_both_directions() -> None:
    pytest.importorskip("traitlets")
    names, notes = brought_back(
        "import traitlets\nclass Tank(traitlets.HasTraits):\n    level = traitlets.Int(0)\n"
        "a, b, c = Tank(), Tank(), Tank()\n"
        "both = traitlets.link((a, 'level'), (b, 'level'))\n"
        "one = traitlets.dlink((b, 'level'), (c, 'level'), lambda level: 2 * level)\n"
    )
    assert notes == {}
    names["b"].level = 4
    assert (names["a"].level, names["c"].level) == (4, 8)
    names["both"].unlink()
    names["a"].level = 9
    assert names["b"].level == 4


def test_a_widget_is_named() -> None:
    pytest.importorskip("ipywidgets", reason="not among what the tests install")
    names, notes = brought_back(
        "import ipywidgets\nslider = ipywidgets.IntSlider(value=4)\n"
        "slider.observe(print, 'value')\nbox = [slider]"
    )
    assert notes["slider"] == [callbacks.WIDGET]
    assert names["slider"].value == 4
    assert names["box"][0] is names["slider"]


@pytest.mark.parametrize(
    "connected",
    [
        "figure.canvas.mpl_connect('key_press_event', pressed)",
        "axes.callbacks.connect('xlim_changed', pressed)",
        "figure.canvas.mpl_connect('key_press_event', Handler().pressed)",
        "figure.canvas.mpl_connect('key_press_event', handler.pressed)",
    ],
)
def test_callbacks_of_a_figure_are_named(matplotlib: Any, connected: str) -> None:
    start = (
        "from matplotlib.figure import Figure\nfigure = Figure()\naxes = figure.subplots()\n"
        "def pressed(event): pass\nclass Handler:\n    def pressed(self, event): pass\n"
        "handler = Handler()\n"
    )
    _, notes = brought_back(start)
    assert notes == {}
    _, notes = brought_back(start + f"_ = {connected}")
    # A method of an otherwise unreferenced object is freed at once.
    expected = {} if "()." in connected else {"axes": [callbacks.LOST], "figure": [callbacks.LOST]}
    assert notes == expected


def test_reading_an_object_without_attributes_creates_none() -> None:
    import functools

    partial = functools.partial(int, base=2)
    keeper = Notebook()
    keeper.names["partial"] = partial
    capture_all(keeper)
    assert partial.__reduce__()[2][3] is None
