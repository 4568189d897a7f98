"""What the writer accepts, the reader opens."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest
from litestate.bundle import Reader, Writer
from litestate.manifest import Manifest, Scope

if TYPE_CHECKING or sys.platform != "emscripten":
    from hypothesis import given, settings
    from hypothesis import strategies as st
else:
    pytest.skip("hypothesis is not in the site's kernel", allow_module_level=True)

PARTS = st.sampled_from(
    ["a", "A", "b", "é", "e\u0301", "ß", "SS", "x.db", "X.DB", "x.db-wal", "con"]
)
ENTRIES = st.tuples(
    st.sampled_from(["file", "directory", "symlink", "database"]),
    st.lists(PARTS, min_size=1, max_size=3).map("/".join),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(ENTRIES, max_size=12))
def test_what_is_written_can_be_read(entries: list[tuple[str, str]]) -> None:
    file = io.BytesIO()
    with Writer(file) as writer:
        for kind, path in entries:
            folder = "databases" if kind == "database" else "files"
            name = f"{folder}/home/{path}" + "/" * (kind == "directory")
            if not writer.problem(name, kind):
                content = {"symlink": b"t", "directory": b""}.get(kind, name.encode())
                writer.add(name, kind, [content], size=len(content))
        manifest = Manifest("now", None, {}, Scope(), writer.members)
        writer.finish(manifest)
    reader = Reader(file)
    reader.verify()
    assert reader.manifest == manifest
