"""Change tracking: no change is missed, and plain cells cause no full scan."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkpoint_kernels import Kernel
from folders import SUPPORT
from tracked_shells import Tracked, tracked

CASES = {path.stem: path for path in sorted((SUPPORT / "hidden_changes").glob("*"))}
"""Cells that change variables, mostly without naming them, after cells that make it possible.

A line ``===`` begins a case and gives its name, a line ``---`` a cell.
"""


@pytest.fixture
def live(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracked]:
    with tracked(kernel, monkeypatch) as live:
        yield live


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in sys.modules.keys() - modules:
        if name.startswith("tracked_"):
            del sys.modules[name]


@pytest.mark.parametrize("group", CASES)
def test_no_change_is_missed(live: Tracked, group: str) -> None:
    if group == "figures":
        pytest.importorskip("matplotlib", reason="only in the site")
    if group == "later" and sys.platform == "emscripten":
        pytest.skip("there are no threads and no signals")
    for case in CASES[group].read_text().split("=== ")[1:]:
        name, _, text = case.partition("\n")
        live.cell("number = 5; other = {'k': [1]}")
        for code in text.split("\n---\n"):
            live.cell(code)
            assert live.succeeded, f"{name}: {code}"
            assert not live.missed(), f"{name}: {code}"
        live.cell("%reset -f")


PLAIN = (
    "import math, random, re, json, collections, itertools\nimport numpy as np, pandas as pd",
    "data = {str(n): [n, {'n': n}] for n in range(300)}; total = 0",
    "table = pd.DataFrame({'kind': list('abab'), 'value': np.arange(4.0)})",
    "def clean(frame, low=1):\n    return frame[frame['value'] > low]",
    "class Model:\n    made = []\n    def __init__(self, data): self.data = data\n"
    "    def fit(self): return self.data.sum()",
    "array = np.arange(1000.0); model = Model(array)",
    "model.fit()",
    "table.head()",
    "table['more'] = table['value'] * 2; table.groupby('kind').mean()",
    "small = clean(table); total += len(small)",
    "data['7'][1]['n'] = 8; len(data)",
    "for key in list(data)[:3]:\n    print(key, math.sqrt(data[key][0]), json.dumps(data[key]))",
    "words = collections.Counter(re.findall('a', 'banana')); pairs = list(zip('ab', 'cd'))",
    "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n    y: list = None",
    "points = [Point(n, [n]) for n in range(9)]; points[3].y.append(1)",
    "Pair = collections.namedtuple('Pair', 'one two'); pair = Pair(1, [2]); pair.two.append(3)",
    "%time total = sum(range(9))",
    "view = array[3:9]; view[0] = -1",
)


@pytest.mark.skipif(sys.platform == "emscripten", reason="needs a process of its own")
def test_plain_cells_cost_no_full_scan() -> None:
    """Run in a new process: objects left by other tests may hold anything."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short"]
    done = subprocess.run(
        [*command, "-o", "python_functions=plain_cells", f"{__file__}::plain_cells"],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def plain_cells(live: Tracked) -> None:
    for code in PLAIN:
        live.cell(code)
        assert live.succeeded
        assert not live.missed(), code
    assert live.full == 1
    live.encoded_names.clear()
    live.cell("total = 3")
    assert not {"array", "data", "table", "model", "points"} & live.encoded_names
    live.cell("array[4] = 2")
    assert "array" in live.encoded_names
    assert not {"data", "table", "points"} & live.encoded_names


def test_an_object_held_elsewhere_is_scanned_until_it_is_released(live: Tracked) -> None:
    live.cell("import string\nkept, other = [1], [2]\nstring.tracked = kept")
    live.cell("other.append(3)")
    live.encoded_names.clear()
    live.cell("other.append(4)")
    assert live.encoded_names >= {"kept", "other"}
    live.cell("del string.tracked")
    live.cell("number = 1")
    live.encoded_names.clear()
    live.cell("other.append(5)")
    assert "kept" not in live.encoded_names
    assert "other" in live.encoded_names


MAKE = (
    "{x} = [{n}]",
    "{x} = {{'n': {n}, 'it': {y}}}",
    "{x} = np.arange({n} % 9 + 3.0)",
    "{x} = bytearray(b'abc')",
    "{x} = {y}",
    "{x} = [{y}, {n}]",
    "{x} = io.StringIO('text')",
    "{x} = Box({y})",
    "{x} = {n}",
    "{x} = (lambda it: lambda: touch(it))({y})",
    "{x} = functools.partial(touch, {y})",
    "{x} = iter([{y}])",
    "{x} = (touch(it) for it in [{y}] * 5)",
    "{x} = memoryview({y}) if isinstance({y}, (bytearray, np.ndarray)) else {n}",
    "{x} = {y}.flat if isinstance({y}, np.ndarray) else {n}",
    "{x} = csv.writer({y}) if isinstance({y}, io.StringIO) else {n}",
    "{x} = {y}[1:] if isinstance({y}, (list, np.ndarray, bytearray)) else {n}",
    "{x} = {y}.values() if isinstance({y}, dict) else {n}",
    "{x} = weakref.ref({y}) if isinstance({y}, Box) else {n}",
    "{x} = {y}.touch if isinstance({y}, Box) else {n}",
    "{x} = types.MappingProxyType({y}) if isinstance({y}, dict) else {n}",
    "{x} = [None] * 50 + [{y}]",
    "del {x}; {x} = {n}",
)
CHANGE = (
    "touch({x})",
    "touch({x}); touch({y})",
    "{x}() if callable({x}) else None",
    "next({x}, None) if hasattr({x}, '__next__') else None",
    "touch(next({x}, None)) if hasattr({x}, '__next__') else None",
    "setattr({x}, 'it', {y}) if isinstance({x}, Box) else None",
    "{x}.append({y}) if isinstance({x}, list) and len(str({y})) < 300 else None",
    "string.tracked = {x}",
    "touch(string.tracked)",
    "string.hook = lambda: touch({x})",
    "string.hook()",
    "string.hook = functools.partial(touch, {x})",
    "logging.getLogger('tracked').handlers[:] = [logging.StreamHandler({x})] "
    "if isinstance({x}, io.StringIO) else []",
    "logging.getLogger('tracked').error('{n}')",
    "Box.shared = {x}",
    "touch(Box.shared)",
    "_private = {x}",
    "touch(_private)",
    "{x}",
    "touch(_)",
    "def change(): touch({x})",
    "change()",
    "globals()['{x}'] = {y}",
)
SETUP = """
import csv, functools, io, logging, string, types, weakref
import numpy as np
class Box:
    shared = None
    def __init__(self, it): self.it = it
    def touch(self): touch(self.it)
def touch(it, depth=3):
    if depth == 0: return
    if isinstance(it, weakref.ref): touch(it(), depth - 1)
    elif isinstance(it, Box): touch(it.it, depth - 1)
    elif isinstance(it, list):
        if it: touch(it[-1], depth - 1)
        if len(it) < 60: it.append(1)
    elif isinstance(it, dict): it['t'] = it.get('t', 0) + 1
    elif isinstance(it, types.MappingProxyType): touch(it.get('it'), depth - 1)
    elif isinstance(it, type({}.values())):
        for each in list(it): touch(each, depth - 1)
    elif isinstance(it, (np.ndarray, np.flatiter)) and len(it): it[0] += 1
    elif isinstance(it, bytearray) and it: it[0] = (it[0] + 1) % 250
    elif isinstance(it, memoryview) and it.nbytes and it.format == 'B': it[0] = (it[0] + 1) % 250
    elif isinstance(it, memoryview) and it.nbytes: it[0] = it[0] + 1
    elif isinstance(it, io.StringIO): it.write('x')
    elif type(it).__name__ == 'writer': it.writerow([1])
a = b = c = d = e = f = 0
string.hook, string.tracked = (lambda: None), None
def change(): pass
_private = None
"""


@pytest.mark.parametrize("seed", range(10))
def test_random_cells(live: Tracked, seed: int) -> None:
    """Opaque objects that hold each other: all their changes are found."""
    chance = random.Random(seed)
    live.cell(SETUP)
    for _ in range(60):
        steps = chance.choices(MAKE + CHANGE, k=chance.choice((1, 1, 1, 2, 3)))
        code = []
        for step in steps:
            x, y = chance.choices("abcdef", k=2)
            code.append(step.format(x=x, y=y, n=chance.randrange(100)))
        live.run("\n".join(code))
        if chance.random() < 0.7:
            # Not every cell is followed by a scan.
            live.cell("")
            assert not live.missed(), code
    live.run("del string.hook, string.tracked; logging.getLogger('tracked').handlers.clear()")
