"""The reader opens everything that the writer accepts."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest
from litestate.bundle import Reader, Writer, variable_members
from litestate.bundle.manifest import KERNEL_KINDS, Manifest, Scope, Signature
from litestate.errors import UnsafeBundleError

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
GROUPS = st.tuples(
    st.sampled_from(["values", "VALUES", "0", "_", "-", "con", "a b", "é", "", "k" * 101]),
    st.lists(st.sampled_from(["x", "é", "_x", "class", "1", "a b", ""]), max_size=2, unique=True),
    st.integers(0, 2),
    st.integers(0, 2),
)
OTHERS = st.sampled_from(
    ["packages/installed.json", "session/session.json", "session/other.json", "packages/a/b"]
)
SIGNATURES = st.none() | st.just(Signature("0" * 32, "f" * 64))


@settings(max_examples=400, deadline=None)
@given(st.lists(ENTRIES, max_size=12))
def test_every_written_bundle_can_be_read(entries: list[tuple[str, str]]) -> None:
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
    assert reader.manifest.version == 1
    assert reader.signature is None


@settings(max_examples=400, deadline=None)
@given(st.lists(ENTRIES, max_size=4), st.lists(GROUPS, max_size=4), st.lists(OTHERS), SIGNATURES)
def test_every_written_version_2_bundle_can_be_read(
    entries: list[tuple[str, str]],
    found: list[tuple[str, list[str], int, int]],
    others: list[str],
    signature: Signature | None,
) -> None:
    file = io.BytesIO()
    with Writer(file) as writer:
        for kind, path in entries:
            name = f"{'databases' if kind == 'database' else 'files'}/{path}"
            if kind != "directory" and "/" in path and not writer.problem(name, kind):
                writer.add(name, kind, [b"t"], size=1)
        for key, names, buffers, pickles in found:
            add_group(writer, key, names, buffers, pickles)
        for name in others:
            kind = name.partition("/")[0]
            if not writer.problem(name, kind):
                writer.add(name, kind, [b"{}"], size=2)
        manifest = Manifest("now", None, {}, Scope(), writer.members)
        try:
            written = writer.finish(manifest, lambda _: signature)
        except UnsafeBundleError as error:
            assert "both have the variable" in str(error) or "not a variable name" in str(error)
            return
    reader = Reader(file)
    reader.verify()
    assert reader.manifest == manifest
    assert reader.manifest_bytes == manifest.to_json()
    assert reader.manifest.version == (
        2 if any(m.kind in KERNEL_KINDS for m in writer.members) else 1
    )
    assert reader.signature == written == (signature if reader.manifest.version == 2 else None)


def add_group(writer: Writer, key: str, names: list[str], buffers: int, pickles: int) -> None:
    parts = [f"{n}.bin" for n in range(buffers)] + [f"{n}.pickle" for n in range(pickles)]
    members = [
        variable_members.group_member(key, part) for part in [variable_members.GRAPH, *parts]
    ]
    if any(writer.problem(name, "variables") for name in members):
        return
    about = {name: {"type": "int", "text": "1", "size": 28} for name in names}
    for name in members:
        is_graph = name.endswith(variable_members.GRAPH)
        details = {"names": about, "pickles": pickles, "buffers": buffers} if is_graph else {}
        writer.add(name, "variables", [b"x"], size=1, details=details)
