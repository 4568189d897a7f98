"""Round trips of values through a graph, and graphs written by a stranger."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

from litestate.errors import DamagedBundleError
from litestate.variables.graph.decode_order import Decoded, decode
from litestate.variables.graph.decoder import Decoder
from litestate.variables.graph.encoder import Encoder


class Graph:
    """A graph of some names, with copies of all buffers and pickles."""

    def __init__(self, **values: object) -> None:
        encoder = Encoder()
        self.document = json.loads(encoder.encode(values))
        self.buffers = [bytes(memoryview(data).cast("B")) for data in encoder.buffers]
        self.pickles = list(encoder.pickles)
        self.notes = list(encoder.notes)

    def decoded(self) -> Decoded:
        return decoded(self.document, self.buffers)


def decoded(document: Any, buffers: Sequence[bytes]) -> Decoded:
    decoder = Decoder(
        json.dumps(document).encode(),
        [memoryview(bytearray(data)) for data in buffers],
        lambda number, resolve: [],
        {},
        trusted=False,
        label="test",
    )
    return decode(decoder)


def round_trip(*values: object) -> list[Any]:
    """Return the values after a round trip without pickles."""
    graph = Graph(**{f"v{number:03}": value for number, value in enumerate(values)})
    assert graph.pickles == []
    found = graph.decoded()
    assert not found.failed
    assert not found.waiting
    return [found.values[name] for name in sorted(found.values)]


def opaque(value: object) -> bool:
    """Return whether a value is stored as a pickle alone."""
    graph = Graph(v=value)
    (number,) = graph.document["names"]["v"]
    return bool(graph.document["nodes"][number][0] == "pickle")


def one(tag: str, payload: Any, *buffers: bytes) -> Any:
    """Return the value of a graph of one node."""
    document = {"names": {"v": [0]}, "nodes": [[tag, payload]], "pickles": []}
    return decoded(document, buffers).values["v"]


_ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3, 8, 2**31, 2**62, 2**63, -(2**63), 10**30, 0.5, "", "x", "|O",
    "<f8", "|b1", "<U5", "<M8[ns]", "<i4", [], [0], [1], [[]], {}, {"dtype": "<f8"}, ["bytes", ""],
    ["float", "nan"], ["pandas.NaT", None], ["numpy.nan", None], ["long", "<f16", 63], "D", "W-MON",
    "-999999999D", "utc", ["timezone", [["timedelta", [0, 0, 0]]]], ["ZoneInfo", "Europe/Berlin"],
]  # fmt: skip


def mutated(graph: Graph, seed: int) -> tuple[Any, list[bytes]]:
    """Return the graph with a few random changes."""
    dice = random.Random(seed)
    document = json.loads(json.dumps(graph.document))
    buffers = list(graph.buffers)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        if buffers and dice.random() < 0.2:
            number = dice.randrange(len(buffers))
            size = len(buffers[number])
            buffers[number] = dice.choice(
                (b"", buffers[number][: size // 2], dice.randbytes(size), b"\xff" * size)
            )
        else:
            _change(document["nodes"], dice)
    return document, buffers


def _change(tree: Any, dice: random.Random) -> None:
    spots: list[tuple[Any, Any]] = []
    todo = [tree]
    while todo:
        item = todo.pop()
        for key in item if isinstance(item, dict) else range(len(item)):
            spots.append((item, key))
            if isinstance(item[key], list | dict):
                todo.append(item[key])
    item, key = dice.choice(spots)
    what = dice.randrange(6)
    if what == 0:
        del item[key]
    elif what == 1 and isinstance(item[key], int):
        item[key] += dice.choice((-1, 1, 7, 2**32))
    elif what == 2:
        other, place = dice.choice(spots)
        # A copy: otherwise the graph would contain itself.
        item[key] = json.loads(json.dumps(other[place]))
    else:
        item[key] = dice.choice(_ODD)


def survives(graph: Graph, rounds: int) -> int:
    """Return the number of changed graphs that were refused; any other error fails the test."""
    refused = 0
    for seed in range(rounds):
        document, buffers = mutated(graph, seed)
        try:
            decoded(document, buffers)
        except DamagedBundleError:
            refused += 1
    return refused
