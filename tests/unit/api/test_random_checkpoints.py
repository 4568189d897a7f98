"""Random numbers in checkpoints: a draw alone is a change, and a restore continues the sequence."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import litestate
import litestate.api.kernel_session
import pytest
from ipython_shells import new_shell
from litestate.shell import pacing
from test_autosave_in_ipython import Shell

if sys.platform == "emscripten":
    pytest.skip(
        "tests/browser/test_rests_in_site.py does this in the site", allow_module_level=True
    )
pytest.importorskip("numpy")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Restore the process's own random states."""
    import numpy

    state, numpys = random.getstate(), numpy.random.get_state(legacy=False)
    yield
    random.setstate(state)
    numpy.random.set_state(numpys)


DRAWS = {
    "random": "random.random()",
    "seed": "random.seed(7)",
    "gauss": "random.gauss(0, 1)",
    "shuffle of a copy": "random.shuffle([1, 2, 3])",
    "numpy": "np.random.rand()",
    "numpy's seed": "np.random.seed(7)",
    "numpy's normal": "np.random.randn(3)",
    "a function": "draw()",
    "a module's function": "helper.draw()",
    "an imported name": "pick([1, 2, 3])",
    "a generator": "rng.random()",
    "a generator in a list": "[each.normal() for each in rngs]",
    "an old generator": "old.rand()",
    "a Random": "own.random()",
    "a function with a generator": "with_rng()",
    "a bound method": "method()",
    "a default argument": "default()",
    "a class's generator": "Dice().roll()",
    "an import that draws": "import drawing",
    "an iterator": "sum(x for x, _ in zip(iter(random.random, 2), range(3)))",
}

BEGIN = """
import random
import numpy as np
import helper
from random import choice as pick
rng = np.random.default_rng(3)
rngs = [np.random.default_rng(4), np.random.Generator(np.random.Philox(5))]
old = np.random.RandomState(6)
own = random.Random(7)
method = rng.integers.__self__.normal
def draw():
    return random.random() + np.random.rand()
def with_rng():
    return rng.random()
def default(generator=np.random.default_rng(8)):
    return generator.random()
class Dice:
    generator = random.Random(9)
    def roll(self):
        return self.generator.randrange(6)
random.seed(1)
np.random.seed(2)
"""

NEXT = """
def following():
    return [random.random(), random.gauss(0, 1), float(np.random.rand()), float(np.random.randn()),
            float(rng.random()), [float(each.normal()) for each in rngs], float(old.rand()),
            own.random(), float(method()), float(with_rng()), float(default()),
            [Dice().roll() for _ in range(20)]]
"""
"""Expression for the next draw of each generator."""


@pytest.fixture
def drawing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "helper.py").write_text(
        "import random, numpy\ndef draw():\n    return random.random() + numpy.random.rand()\n"
    )
    (folder / "drawing.py").write_text("import random\nrandom.random()\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "helper", raising=False)
    monkeypatch.delitem(sys.modules, "drawing", raising=False)


@pytest.fixture
def shell(drawing: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A notebook with autosave and its own copy of the public functions."""
    # No checkpoint is postponed, even on a slow machine.
    monkeypatch.setattr(pacing, "START", 600.0)
    monkeypatch.setattr(pacing, "MOST", 600.0)
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    with new_shell(module) as made:
        (tmp_path / "work").mkdir()
        shell = Shell(made, tmp_path / "work", monkeypatch)
        shell.cell("import litestate\nr = litestate.autosave(variables=True)")
        yield shell
        litestate.autosave.stop()
        litestate.api.kernel_session.close()


@pytest.mark.parametrize("case", DRAWS)
def test_a_draw_alone_is_a_change_and_continues(shell: Shell, case: str) -> None:
    shell.cell(BEGIN + NEXT)
    before = litestate.checkpoints()[-1].number
    shell.cell(f"{DRAWS[case]};")
    number = litestate.checkpoints()[-1].number
    assert number == before + 1, "no checkpoint"
    expected = shell.cell("following()")
    shell.cell(f"litestate.restore({number})")
    assert shell.cell("following()") == expected


QUIET = [
    "len(x)",
    "random.getstate();",
    "np.random.get_state();",
    "secrets.token_hex(); random.SystemRandom().random();",
    "uuid.uuid4(); np.random.default_rng().random(); random.Random().random();",
    "tempfile.mkdtemp();",
    "random.setstate(random.getstate())",
    "import random",
    "rng",
]


def test_showing_something_is_no_change(shell: Shell) -> None:
    shell.cell("import random, secrets, uuid, tempfile\nimport numpy as np\nx = [1]")
    shell.cell("rng = np.random.default_rng(1)\ndef f(): return random.random()")
    before = litestate.checkpoints()[-1].number
    for code in QUIET:
        shell.cell(code)
        assert litestate.checkpoints()[-1].number == before, code


def test_checkpoints_draw_nothing(shell: Shell) -> None:
    shell.cell(BEGIN)
    before = random.getstate()
    shell.cell("y = np.random.default_rng(9); z = {1: [own]}")
    litestate.checkpoint("now")
    litestate.show_state()
    assert random.getstate() == before
