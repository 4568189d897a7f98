"""Random states in bundles: after a load, sequences continue."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from litestate.environment import random_state
from litestate.errors import DamagedBundleError

GENERATORS = ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"]


def again(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document after a round trip through JSON."""
    result: dict[str, Any] = json.loads(json.dumps(document))
    random_state.check(result)
    return result


@pytest.fixture(autouse=True)
def as_before() -> Any:
    state = random.getstate()
    yield
    random.setstate(state)


def test_random_continues() -> None:
    random.seed(5)
    random.gauss(0, 1)
    document = again(random_state.describe())
    wanted = [random.gauss(0, 1), random.random(), random.getrandbits(700)]
    applied = random_state.apply(document, trusted=False)
    assert [random.gauss(0, 1), random.random(), random.getrandbits(700)] == wanted
    assert "random" in applied.lines[0]


def test_undo_restores_the_state() -> None:
    document = again(random_state.describe())
    random.seed(7)
    state = random.getstate()
    applied = random_state.apply(document, trusted=True)
    assert random.getstate() != state
    applied.undo()
    assert random.getstate() == state


@pytest.fixture
def numpy() -> Any:
    numpy = pytest.importorskip("numpy")
    before, state = numpy.random.get_bit_generator(), numpy.random.get_state(legacy=False)
    yield numpy
    numpy.random.set_bit_generator(before)
    numpy.random.set_state(state)


def draws(numpy: Any) -> list[float]:
    draw = numpy.random
    return [
        *draw.standard_normal(3),
        *draw.random_sample(2),
        *draw.randint(0, 2**31, 5),
        draw.rand(),
    ]


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("now", ["MT19937", "PCG64"])
def test_numpy_continues(numpy: Any, name: str, now: str) -> None:
    numpy.random.set_bit_generator(getattr(numpy.random, name)(3))
    numpy.random.standard_normal(3)
    numpy.random.randint(0, 100, 3, dtype="int32")
    document = again(random_state.describe())
    wanted = draws(numpy)
    numpy.random.set_bit_generator(getattr(numpy.random, now)(9))
    before = numpy.random.get_state(legacy=False)
    applied = random_state.apply(document, trusted=True)
    assert not applied.skipped
    assert draws(numpy) == wanted
    applied.undo()
    assert str(numpy.random.get_state(legacy=False)) == str(before)


def damage(numpy: Any, change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    numpy.random.set_bit_generator(numpy.random.MT19937(3))
    document = again(random_state.describe())
    change(document)
    return document


HOSTILE: list[Callable[[dict[str, Any]], Any]] = [
    # NumPy would read beyond the key.
    lambda it: it["numpy"]["state"].update(pos=10**6),
    lambda it: it["numpy"]["state"].update(pos=-1),
    lambda it: it["numpy"]["state"].update(pos=True),
    lambda it: it["numpy"]["state"]["key"].update(data="AAAA"),
    lambda it: it["numpy"]["state"]["key"].update(data="*"),
    lambda it: it["numpy"]["state"]["key"].update(dtype="object"),
    lambda it: it["numpy"]["state"].update(extra=1),
    lambda it: it["numpy"].update(generator="RandomState"),
    lambda it: it["numpy"].update(generator="Philox"),
    lambda it: it["numpy"].update(gauss="1"),
    lambda it: it["python"].update(words=""),
    lambda it: it["python"].update(words=None),
    lambda it: it["python"].update(position=625),
    lambda it: it["python"].update(gauss=float("inf")),
    lambda it: it["python"].update(gauss=10**400),
    lambda it: it.update(python=[]),
]


@pytest.mark.parametrize("case", range(len(HOSTILE)))
def test_hostile_states_are_refused(numpy: Any, case: int) -> None:
    document = damage(numpy, HOSTILE[case])
    with pytest.raises(DamagedBundleError):
        random_state.check(document)


def test_the_second_number_of_a_pair_may_be_missing() -> None:
    document = again(random_state.describe())
    document["python"]["gauss"] = None
    document.pop("numpy", None)
    random_state.check(document)
    random_state.apply(document, trusted=False)
    assert random.getstate()[2] is None
