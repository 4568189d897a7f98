"""Session objects stored by name, lone surrogates, and errors of codecs."""

from __future__ import annotations

import dataclasses
import os
import random
import sys
from typing import Any

import pytest
from litestate.errors import DamagedBundleError
from litestate.variables.capture import take
from litestate.variables.codecs import registry
from litestate.variables.failures import NotLoadedError, NotSavedError
from litestate.variables.restore import restore
from variable_graphs import Graph, decoded

HALVES = "\ud83d\ude00"
"""Two lone surrogates, which JSON reads as one character."""


def stranger(**names: Any) -> Any:
    return decoded({"names": names, "nodes": [], "pickles": []}, [])


def test_lone_surrogates_are_not_joined() -> None:
    rows = [{"text": HALVES, "number": [number]} for number in range(200)]
    many = {HALVES: 1, "\U0001f600": 2, ("a", HALVES): "\ud83d", "b": float("inf")}
    names = {"text": HALVES, "rows": rows, "many": many, "half": "\udc80"}
    taken = take(names, list(names))
    assert not any(group.pickles for group in taken.groups)
    assert restore(taken.groups, {}, trusted=False).values == names


@pytest.mark.parametrize("payload", ["?", "/w==", 5, None, ["eA=="]])
def test_malformed_text(payload: Any) -> None:
    assert stranger(v=["str", "eA=="]).values == {"v": "x"}
    with pytest.raises(DamagedBundleError):
        stranger(v=["str", payload])


def test_an_untrusted_bundle_cannot_reach_the_session() -> None:
    found = stranger(v=["namespace", None], environ=["global", ["os", "environ"]])
    assert found.values == {"environ": os.environ}
    assert set(found.waiting) == {"v"}
    under_another_name = stranger(v=["global", ["os", "environ"]], w=["global", ["sys", "path"]])
    assert set(under_another_name.waiting) == {"v", "w"}


@pytest.mark.parametrize("value", [os.environ, sys.path, random.random, random.randint])
def test_second_names_of_session_objects(value: Any) -> None:
    namespace = {"v": value, "nested": [[value], value], "w": {"a": value}}
    taken = take(namespace, list(namespace))
    assert not taken.skipped and not taken.notes
    found = restore(taken.groups, {}, trusted=True).values
    assert found["v"] is value
    assert found["nested"][0][0] is found["nested"][1] is found["w"]["a"] is value


def test_methods_of_other_objects_are_not_taken_for_them() -> None:
    own = random.Random(3)
    taken = take({"own": own, "draw": own.random}, ["own", "draw"])
    found = restore(taken.groups, {}, trusted=True).values
    assert found["draw"].__self__ is found["own"]
    assert found["draw"]() == random.Random(3).random()


@pytest.mark.parametrize("inside", [False, True], ids=["plain", "in a pickle"])
def test_reasons_that_codecs_give(monkeypatch: pytest.MonkeyPatch, *, inside: bool) -> None:
    codec = registry.codec_for(slice)
    assert codec is not None
    value: Any = [slice(1), {object(), 1} if inside else 1]

    def refuse(_: Any, __: Any) -> Any:
        raise NotSavedError("the reason")

    def fail(_: Any, __: Any) -> Any:
        raise NotLoadedError("the other reason")

    taken = take({"v": value, "good": 1}, ["v", "good"])
    monkeypatch.setitem(registry._BY_TYPE, id(slice), dataclasses.replace(codec, encode=refuse))
    assert [(each.path, each.reason) for each in take({"v": value}, ["v"]).skipped] == [
        ("v", "the reason")
    ]
    monkeypatch.setitem(registry._BY_TAG, codec.tag, dataclasses.replace(codec, decode=fail))
    found = restore(taken.groups, {}, trusted=True)
    assert [(each.path, each.reason) for each in found.failed] == [("v", "the other reason")]
    assert found.values == {"good": 1}


def test_lost_sharing_is_noted() -> None:
    class Held:
        pass

    held = Held()
    held.a = 1  # type: ignore[attr-defined]
    names = {"Held": Held, "held": held, "attributes": vars(held)}
    notes = take(names, list(names)).notes
    assert {note for each in notes.values() for note in each} == {
        "the attributes of an object in it, also held as a dict (vars), become a separate dict"
    }
    assert take({"Held": Held, "held": held}, ["Held", "held"]).notes == {}
    assert Graph(v=vars(held)).pickles == []
