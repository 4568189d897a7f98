"""Signed bundles of version 2 for tests, with variables, packages and a session."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

from litestate.bundle import Compression, Reader, Writer
from litestate.bundle.manifest import Manifest, Scope, Signature
from litestate.bundle.variable_members import GRAPH, PACKAGES_MEMBER, SESSION_MEMBER, group_member

STRANGER = Signature("0123456789abcdef" * 2, "f" * 64)

Sign = Callable[[bytes], Signature | None]


def about(kind: str, text: str, size: int = 28) -> dict[str, Any]:
    return {"type": kind, "text": text, "size": size}


def graph(names: dict[str, Any]) -> bytes:
    """Return a graph of plain values."""
    return json.dumps({"names": names, "nodes": [], "pickles": [], "types": {}}).encode()


def add_group(
    writer: Writer,
    key: str,
    values: dict[str, Any],
    buffers: tuple[bytes, ...] = (),
    pickles: tuple[bytes, ...] = (),
) -> None:
    """Write a group of plain values, with unreferenced buffers and pickles."""
    names = {name: about(type(value).__name__, repr(value)) for name, value in values.items()}
    details = {"names": names, "pickles": len(pickles), "buffers": len(buffers)}
    content = graph(values)
    writer.add(group_member(key, GRAPH), "variables", [content], size=len(content), details=details)
    for suffix, blobs in (("bin", buffers), ("pickle", pickles)):
        for number, blob in enumerate(blobs):
            name = group_member(key, f"{number}.{suffix}")
            writer.add(name, "variables", [blob], size=len(blob))


def as_version_2(
    bundle: bytes | None = None,
    *,
    sign: Sign | None = lambda _: STRANGER,
    compression: Compression = "deflate",
    values: dict[str, Any] | None = None,
) -> bytes:
    """Return a bundle with the contents of another one, two groups, packages and a session."""
    file = io.BytesIO()
    with Writer(file, compression=compression) as writer:
        reader = Reader(io.BytesIO(bundle)) if bundle else None
        for member in reader.manifest.members if reader else ():
            assert reader
            writer.add(
                *(member.name, member.kind, reader.chunks(member)),
                **{"size": member.size, "mode": member.mode, "mtime_ns": member.mtime_ns},
                details=member.details,
            )
        add_group(
            writer, "values", {"answer": 42, "greeting": "hello"} if values is None else values
        )
        add_group(writer, "a-1", {"table": None}, (b"memory", b""), (b"\x80\x05.",))
        writer.add(PACKAGES_MEMBER, "packages", [b"[]"], size=2)
        writer.add(SESSION_MEMBER, "session", [b"{}"], size=2)
        old = reader.manifest if reader else Manifest("now", None, {}, Scope(), ())
        manifest = Manifest(
            old.created, None, old.generator, old.scope, writer.members, old.skipped
        )
        writer.finish(manifest, sign)
    return file.getvalue()
