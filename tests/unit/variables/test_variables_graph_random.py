"""Random notebooks whose variables share objects: the restored graph is the same."""

from __future__ import annotations

import builtins
import os
import random
import sys
from typing import Any

import numpy as np
import pytest
from namespaces import Notebook, again, parts, same, together

COUNT = 60 if sys.platform == "emscripten" else int(os.environ.get("LITESTATE_RANDOM", "100"))


class Dice(random.Random):
    """A generator of notebooks whose objects refer to each other at random."""

    def notebook(self) -> Notebook:
        notebook = Notebook(
            "class C: pass\nclass D(C):\n    def __init__(s): s.made = 1\n"
            "class S:\n    __slots__ = ('one', 'two', '__dict__')\n"
            "from collections import OrderedDict, deque, defaultdict\n"
            "def function(a=[1]): return a\nimport numpy as np"
        )
        made: list[Any] = [notebook[name] for name in ("C", "D", "function")]
        for _ in range(self.randrange(2, 40)):
            made.append(self._made(notebook, made))
        for obj in made:
            self._filled(obj, made)
        for number in range(self.randrange(1, 8)):
            notebook.names[f"x{number}"] = self.choice(made)
        for name in ("C", "D", "S", "function"):
            if self.random() < 0.3:
                del notebook.names[name]
        return notebook

    def _made(self, notebook: Notebook, made: list[Any]) -> Any:
        kind = self.randrange(14)
        if kind < 5:
            names = ("list", "dict", "deque", "OrderedDict", "set")
            return {**notebook.names, **vars(builtins)}[names[kind]]()
        if kind == 5:
            return notebook["defaultdict"](self.choice([None, list, notebook["function"]]))
        if kind < 8:
            return tuple(self._some(made))
        if kind < 11:
            return notebook[self.choice("CDS")]()
        if kind == 11:
            return np.arange(float(self.randrange(1, 50)))
        if kind == 12:
            arrays = [each for each in made if type(each) is np.ndarray and each.dtype != object]
            return self._view(self.choice(arrays)) if arrays else np.zeros((2, 3), np.int16)
        array = np.empty(self.randrange(4), object)
        for index in range(len(array)):
            array[index] = self.choice([*made, None, 1])
        return array

    def _view(self, array: Any) -> Any:
        if array.ndim != 1 or not array.size:
            return array.T
        start = self.randrange(array.size)
        return array[start :: self.choice([1, 2, -1])]

    def _some(self, made: list[Any]) -> list[Any]:
        return [self._one(made) for _ in range(self.randrange(5))]

    def _one(self, made: list[Any]) -> Any:
        atoms: list[Any] = [None, 1, 2.5, "text", float("nan"), 1 << 70, b"bytes", True, 3j]
        return self.choice(made) if made and self.random() < 0.7 else self.choice(atoms)

    def _filled(self, obj: Any, made: list[Any]) -> None:
        kind = type(obj).__name__
        if kind in ("list", "deque"):
            obj.extend(self._some(made))
            if self.random() < 0.03:
                obj.extend([number, [number]] for number in range(150))
        elif kind in ("dict", "OrderedDict", "defaultdict"):
            obj.update((self.choice(["a", "b", 1, 2.5]), each) for each in self._some(made))
        elif kind == "set":
            obj.update(self.sample(["a", "b", "c", 1, 2], 3))
        elif kind in ("C", "D"):
            for name in self.sample("abc", self.randrange(4)):
                setattr(obj, name, self._one(made))
        elif kind == "S":
            obj.one = self._one(made)
            obj.more = self._one(made)


def _memory(names: dict[str, Any]) -> list[tuple[str, str]]:
    """Return which of the named arrays share memory."""
    arrays = [
        (name, value)
        for name, value in sorted(names.items())
        if type(value) is np.ndarray and value.dtype != object
    ]
    return [
        (one, other)
        for one, mine in arrays
        for other, others in arrays
        if one < other and np.shares_memory(mine, others)
    ]


def _own(notebook: Notebook) -> dict[str, Any]:
    return {name: value for name, value in sorted(notebook.names.items()) if name[0] != "_"}


@pytest.mark.parametrize("start", range(0, COUNT, 20))
def test_any_notebook_comes_back(start: int) -> None:
    for seed in range(start, start + 20):
        notebook = Dice(seed).notebook()
        taken = notebook.take()
        assert not taken.skipped, (seed, taken.skipped)
        found, restored = again(taken)
        assert not restored.failed, (seed, restored.failed)
        mine, others = _own(notebook), _own(found)
        assert mine.keys() == others.keys(), seed
        # A tuple in a pickle equals one outside, but is not always the same object.
        assert not same(mine, others, tuples=False), (seed, same(mine, others, tuples=False))
        assert _memory(mine) == _memory(others), seed


@pytest.mark.parametrize("start", range(0, 50 * (COUNT // 50), 50))
def test_nothing_differs_the_second_time(start: int) -> None:
    compared = 0
    for seed in range(start, start + 50):
        notebook = Dice(seed).notebook()
        first = notebook.take()
        assert parts(notebook.take()) == parts(first), seed
        found, _ = again(first)
        if same(_own(notebook), _own(found)):
            continue  # A tuple in a pickle is now a separate object.
        compared += 1
        second = found.take(*[name for name in notebook.names if name[0] != "_"])
        assert together(second) == together(first), seed
        documents = {group.key: group.document for group in first.groups}
        assert {group.key: group.document for group in second.groups} == documents, seed
    assert compared > 25


@pytest.mark.parametrize("start", range(0, 50 * (COUNT // 50), 50))
def test_names_that_share_nothing_are_apart(start: int) -> None:
    for seed in range(start, start + 50):
        one, other = Dice(seed).notebook(), Dice(seed + 10_000).notebook()
        alone = together(one.take())
        merged = Notebook()
        merged.names |= _own(one) | {f"z_{name}": value for name, value in _own(other).items()}
        merged.names["z_values"] = 5
        for names in together(merged.take()):
            own = tuple(name for name in names if name[:2] != "z_")
            assert not own or own in alone or len(own) < len(names), (seed, names)


def test_the_comparison_of_these_tests_sees_differences() -> None:
    inner: list[int] = [1]
    assert same({"a": inner, "b": inner}, {"a": [1], "b": [1]})
    assert same({"a": [1], "b": [1]}, {"a": inner, "b": inner})
    assert same([1], [True])
    assert same([0.0], [-0.0])
    assert not same([inner, [inner]], [inner, [inner]])
