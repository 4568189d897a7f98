"""Fuzzing: any bytes either load or raise a LitestateError, and nothing changes."""

from __future__ import annotations

import io
import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from folders import SUPPORT
from handmade_bundles import pieces_of, raw_manifest, seal, signed
from litestate.bundle import Reader
from litestate.bundle.manifest import MANIFEST_MEMBER
from litestate.bundle.zip_format import COMMENT, COMMENT_BYTES
from litestate.errors import LitestateError
from version_2_bundles import as_version_2

if TYPE_CHECKING or sys.platform != "emscripten":
    from hypothesis import given, settings
    from hypothesis import strategies as st
else:
    pytest.skip("hypothesis is not in the site's kernel", allow_module_level=True)

EXAMPLE = (SUPPORT / "bundles" / "version-1.litestate.zip").read_bytes()
MANIFESTS = [(data, pieces_of(data)[MANIFEST_MEMBER].content) for data in (EXAMPLE, as_version_2())]
"""A bundle and its manifest for each version."""

EDITS = st.lists(
    st.tuples(st.integers(0, len(EXAMPLE) - 1), st.binary(max_size=8), st.integers(0, 8)),
    min_size=1,
    max_size=6,
)
"""Edits: the offset, the inserted bytes, and the number of removed bytes."""

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def is_refused_or_whole(data: bytes) -> None:
    try:
        reader = Reader(io.BytesIO(data))
        reader.verify()
    except LitestateError as error:
        assert "Nothing was changed" in str(error) or "before anything was changed" in str(error)
    else:
        assert all(member.relative for member in reader.manifest.members)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    is_refused_or_whole(data)
    is_refused_or_whole(EXAMPLE[:67] + data + EXAMPLE[-138:])


@settings(max_examples=600, deadline=None)
@given(EDITS)
def test_edits_with_the_right_checksum(edits: list[tuple[int, bytes, int]]) -> None:
    data = EXAMPLE
    for position, content, removed in edits:
        data = data[:position] + content + data[position + removed :]
    is_refused_or_whole(data)
    if COMMENT.fullmatch(data[-COMMENT_BYTES:]):
        is_refused_or_whole(seal(data))


def paths(document: Any, parent: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to every value of a JSON document."""
    items: Any = document.items() if isinstance(document, dict) else ()
    items = enumerate(document) if isinstance(document, list) else items
    return [parent, *(path for key, value in items for path in paths(value, (*parent, key)))]


WAYS = [
    (bundle, manifest, path)
    for bundle, manifest in MANIFESTS
    for path in paths(json.loads(manifest))
    if path
]


@settings(max_examples=800, deadline=None)
@given(st.sampled_from(WAYS), VALUES)
def test_any_value_anywhere_in_the_manifest(
    place: tuple[bytes, bytes, tuple[Any, ...]], value: Any
) -> None:
    bundle, manifest, path = place
    document = inner = json.loads(manifest)
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    data = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    is_refused_or_whole(raw_manifest(bundle, data))
    # With a recomputed digest, if there is one.
    with suppress(TypeError, AttributeError, KeyError, UnicodeEncodeError):
        data = signed(document)
    is_refused_or_whole(raw_manifest(bundle, data))
