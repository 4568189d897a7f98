"""The order in which variables are decoded, and the effects of failures."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from litestate.variables import restore
from litestate.variables.graph import decode_order
from saved_cases import TRUSTED, Case
from saved_kernels import Notebook, capture_all, forget_classes, stored


def cells(*sources: str) -> Notebook:
    notebook = Notebook()
    for number, source in enumerate(sources):
        notebook.run(Case(f"making {number} {hash(source)}", TRUSTED, source))
    return notebook


def restored(notebook: Notebook, into: Notebook, **options: Any) -> restore.Restored:
    groups = [stored(each) for each in capture_all(notebook).groups]
    forget_classes()
    with into.running() as names:
        return restore.restore(groups, names, trusted=True, **options)


RATED = (
    "import math\nRATE = 3\n"
    "class Rated:\n"
    "    def __init__(self, value):\n        self.value = value\n"
    "    def __setstate__(self, state):\n"
    "        self.value = state['value']\n        self.seen = math.floor(RATE)\n"
    "x = Rated(1)"
)


def test_code_finds_loaded_values_and_not_old_ones() -> None:
    here = cells("RATE = 5.5; math = None; other = 1")
    before = dict(here.names)
    found = restored(cells(RATED), here)
    assert found.failed == []
    assert found.values["x"].seen == 3
    assert here.names == before


def test_code_finds_old_values_of_unwanted_names() -> None:
    here = cells("import math; RATE = 5.5")
    found = restored(cells(RATED), here, wanted={"x", "Rated"})
    assert found.values["x"].seen == 5


def test_an_object_that_needs_a_later_name_is_made_again() -> None:
    source = (
        "class First:\n    def __setstate__(self, state):\n        self.found = zz_last.value\n"
        "class Last:\n    def __setstate__(self, state):\n        self.value = state['value']\n"
        "a_first = First(); a_first.n = 1\nzz_last = Last(); zz_last.value = 7"
    )
    found = restored(cells(source), Notebook())
    assert found.failed == []
    assert found.values["a_first"].found == 7


def test_containers_stay_the_same_objects_when_they_are_filled_again() -> None:
    source = (
        "class First:\n    def __setstate__(self, state):\n        self.found = zz_last.value\n"
        "class Last:\n    def __setstate__(self, state):\n        self.value = state['value']\n"
        "a_list = [First(), 5]; a_list[0].n = 1\nb_dict = {'list': a_list, 'set': {1}}\n"
        "zz_last = Last(); zz_last.value = 7"
    )
    found = restored(cells(source), Notebook())
    assert found.failed == []
    assert found.values["a_list"][0].found == 7
    assert found.values["a_list"][1:] == [5]
    assert found.values["b_dict"]["list"] is found.values["a_list"]


def test_failures_are_final_after_all_other_names() -> None:
    source = (
        "class Never:\n    def __setstate__(self, state):\n        open('not there')\n"
        "x = Never(); x.a = 1\ny = [x, 1]\nz = 5"
    )
    here = cells("x = 'kept'")
    found = restored(cells(source), here)
    assert {each.path for each in found.failed} == {"x", "y"}
    assert found.values["z"] == 5
    assert here.names["x"] == "kept"


def test_names_are_as_they_were_when_making_is_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(decode_order, "_try_again", interrupted)
    here = cells("x = 'kept'; other = 2")
    before = dict(here.names)
    with pytest.raises(KeyboardInterrupt):
        restored(cells("x = [1]; y = 2"), here)
    assert here.names == before


# A missing file: a save does not try to open it, and does not name it.
BROKEN = (
    "import typing\nT = typing.TypeVar('T')\n"
    "class Never:\n    def __setstate__(self, state):\n        open('not there')\n"
    "class Oops({base}):\n    held = []\n"
    "Oops.held.append(Never()); Oops.held[0].a = 1\n"
    "x = Oops"
)


@pytest.mark.parametrize("base", ["LookupError", "typing.Generic[T]"])
def test_a_failed_load_leaves_no_class_behind(base: str) -> None:
    kind: Any = LookupError if base == "LookupError" else __import__("typing").Generic
    made = cells(BROKEN.format(base=base) + ("\ny = Oops[int]" if "Generic" in base else ""))
    gc.collect()
    before = kind.__subclasses__()
    found = restored(made, Notebook())
    assert "x" in {each.path for each in found.failed}
    del found
    assert kind.__subclasses__() == before


def test_a_class_that_its_base_lists_is_made_once() -> None:
    source = (
        "class ZBase:\n    known = {}\n"
        "    def __init_subclass__(cls):\n        ZBase.known[cls.__name__] = cls\n"
        "class AChild(ZBase):\n    pass\nx = AChild()\ndel ZBase"
    )
    child = restored(cells(source), Notebook()).values["AChild"]
    assert child.__base__.__subclasses__() == [child]
    assert child.__base__.known == {"AChild": child}
