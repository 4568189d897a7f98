"""Variables compared with dill and cloudpickle, which always write everything. Runs in the kernel.

The cases of Kishu's paper (VLDB 2025): a namespace of many arrays and one large nested dict, of
which a cell changes a little.
"""

from __future__ import annotations

import importlib.util
import pickle
import random
import types
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import litestate
import numpy as np
from litestate.variables.namespace import namespace
from measure import against, contest
from rows import Row, Target

ARRAYS, SIZE = 50, 125_000
"""Arrays, and numbers of 8 bytes in each: 1 MB."""

OUTER, INNER = 1000, 100
"""Dicts in the dict, and entries of each: 100,000 in all, 7 MB."""

NAMES = (*(f"bench_array_{number:02}" for number in range(ARRAYS)), "bench_table")
FOLDER = Path("/tmp/bench-variables")
OURS = FOLDER / "ours.litestate.zip"

TARGETS = {
    "array": Target(0.150, 1_100_000),
    "item": Target(0.400),
    "nothing": Target(0.150, 0),
}
"""Those of issue 6; it asks for no time where nothing has changed."""


def run() -> list[Row]:
    """Store the changes of cells, and the whole namespace."""
    make()
    return [*_changes(), *whole()]


def make() -> None:
    """Make the variables."""
    names = namespace()
    for number in range(ARRAYS):
        names[NAMES[number]] = np.random.default_rng(number).random(SIZE)
    chance = random.Random(6)
    names[NAMES[-1]] = {
        f"outer {outer}": {f"inner {inner}": f"{chance.random()}" for inner in range(INNER)}
        for outer in range(OUTER)
    }
    FOLDER.mkdir(exist_ok=True)


def whole() -> list[Row]:
    """Save and load the whole namespace."""
    save = partial(
        litestate.save_state, OURS, paths=FOLDER / "none", variables=NAMES, compression="zstd"
    )
    load = partial(litestate.load_state, OURS, trust=True)
    (FOLDER / "none").mkdir(exist_ok=True)
    rows = []
    for peer in peers():
        what = f"{len(NAMES)} variables"
        rows.append(against(f"save {what}, zstd", peer.name, save, peer.store))
        rows.append(against(f"load {what}", peer.name, load, peer.fetch, prepare=_forget))
    return rows


def peers() -> list[Any]:
    """Return the installed peers."""
    return [Cloudpickle(), *([Dill()] if importlib.util.find_spec("dill") else [])]


class _All:
    """All variables in one file in memory, which does not survive a reload.

    Attributes
    ----------
    path : Path
        The file.
    used : frozenset of str
        Names that the last cell used; not needed here.
    """

    name: str
    path: Path

    def __init__(self) -> None:
        self.folder = FOLDER
        self.used: frozenset[str] = frozenset()
        self._written = 0

    def store(self) -> None:
        """Write everything."""
        self._dump()
        self._written += self.path.stat().st_size

    def written(self) -> int:
        """Return how many bytes it has written so far."""
        return self._written

    def forget(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)

    def fetch(self) -> None:
        """Read everything into the namespace."""
        raise NotImplementedError

    def _dump(self) -> None:
        raise NotImplementedError


class Cloudpickle(_All):
    """A dict of the variables."""

    name = "cloudpickle.dumps()"
    path = FOLDER / "variables.pickle"

    def fetch(self) -> None:
        """Read everything into the namespace."""
        namespace().update(pickle.loads(self.path.read_bytes()))

    def _dump(self) -> None:
        names = namespace()
        self.path.write_bytes(cloudpickle.dumps({name: names[name] for name in NAMES}))


class Dill(_All):
    """A module that has only the variables; the kernel's own has more."""

    name = "dill.dump_module()"
    path = FOLDER / "variables.dill"

    def fetch(self) -> None:
        """Read everything into the namespace."""
        import dill

        module = dill.load_module(self.path)
        namespace().update({name: getattr(module, name) for name in NAMES})

    def _dump(self) -> None:
        import dill

        module, names = types.ModuleType("bench_module"), namespace()
        for name in NAMES:
            setattr(module, name, names[name])
        dill.dump_module(self.path, module)


def _changes() -> list[Row]:
    from ours import Variables

    ours, others = Variables(NAMES, FOLDER / "none"), peers()
    (FOLDER / "none").mkdir(exist_ok=True)
    ours.mount()
    rows = [
        *contest("first checkpoint", ours, others, lambda side, _: side.forget(), rounds=3),
        *contest("nothing changed", ours, others, _nothing, target=TARGETS["nothing"]),
        *contest("1 array of 50 changed", ours, others, _array, target=TARGETS["array"]),
        *contest("1 item of 100,000 changed", ours, others, _item, target=TARGETS["item"]),
    ]
    ours.unmount()
    return rows


def _nothing(side: Any, number: int) -> None:
    side.used = frozenset()


def _array(side: Any, number: int) -> None:
    name = NAMES[7 * number]
    namespace()[name][:] = np.random.default_rng(1000 + number).random(SIZE)
    side.used = frozenset({name})


def _item(side: Any, number: int) -> None:
    # A different value for each side, because stored content is not stored again.
    inner = namespace()[NAMES[-1]][f"outer {number}"]
    inner["inner 3"] = f"{side.name} {number}"
    side.used = frozenset({NAMES[-1]})


def _forget() -> None:
    names = namespace()
    for name in NAMES:
        names.pop(name, None)
