"""Hostile bundles with valid checksums: each is refused, and nothing changes."""

from __future__ import annotations

import io
import json
import struct
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import litestate
import pytest
from handmade_bundles import (
    Piece,
    build,
    pieces_of,
    seal,
    signed,
    with_checksums,
    with_member,
)
from litestate import Limits
from litestate.bundle import Reader, Writer, limits
from litestate.bundle.manifest import MANIFEST_MEMBER, MIMETYPE, Manifest, Scope
from litestate.bundle.zip_format import AVAILABLE, METHODS
from litestate.errors import BundleError, DamagedBundleError, NotABundleError, UnsafeBundleError
from sessions import Session, refused

NOISE = "files/home/noise"


def rebuilt(bundle: bytes, name: str = NOISE, **changes: Any) -> bytes:
    """Change one entry of a bundle, and rebuild the rest validly."""
    pieces = pieces_of(bundle)
    pieces[name] = replace(pieces[name], **changes)
    manifest = pieces.pop(MANIFEST_MEMBER)
    manifest = replace(manifest, content=with_checksums(manifest.content, [*pieces.values()]))
    return build([*pieces.values(), manifest])


def overlapping(bundle: bytes) -> bytes:
    """Make two entries share the bytes of one, as Fifield's bomb does (WOOT 2019)."""
    offset = Reader(io.BytesIO(rebuilt(bundle)))._entries[NOISE].offset
    return rebuilt(bundle, "databases/home/app.db", central={"offset": offset})


ENTRIES: dict[str, tuple[Callable[[bytes], bytes], type[BundleError], str]] = {
    "encrypted": (
        lambda b: rebuilt(b, local={"flags": 1}, central={"flags": 1}),
        UnsafeBundleError,
        "'files/home/noise' is encrypted",
    ),
    "unknown method": (
        lambda b: rebuilt(b, local={"method": 14}, central={"method": 14}),
        DamagedBundleError,
        "compression method 14",
    ),
    "data descriptor": (
        lambda b: rebuilt(b, local={"flags": 8}, central={"flags": 8}),
        DamagedBundleError,
        "unknown flags 0x8",
    ),
    "another name in the local header": (
        lambda b: rebuilt(b, local_name="files/home/NOISE"),
        DamagedBundleError,
        "header contradicts the table",
    ),
    "another size in the local header": (
        lambda b: rebuilt(b, local={"size": 1}),
        DamagedBundleError,
        "header contradicts the table",
    ),
    "another method in the local header": (
        lambda b: rebuilt(b, local={"method": 8}),
        DamagedBundleError,
        "header contradicts the table",
    ),
    "another version needed in the local header": (
        lambda b: rebuilt(b, local={"version": 10}),
        DamagedBundleError,
        "header contradicts the table",
    ),
    "an impossible version needed": (
        lambda b: rebuilt(b, local={"version": 11}, central={"version": 11}),
        DamagedBundleError,
        "needs the unknown version 11",
    ),
    "another offset": (
        lambda b: rebuilt(b, central={"offset": 1}),
        DamagedBundleError,
        "overlaps",
    ),
    "overlapping entries": (overlapping, DamagedBundleError, "overlaps"),
    "a gap between entries": (
        lambda b: rebuilt(b, gap=b"hidden"),
        DamagedBundleError,
        "something lies between",
    ),
    "a lying compressed size": (
        lambda b: rebuilt(b, central={"compressed": 4999}, local={"compressed": 4999}),
        DamagedBundleError,
        "overlaps",
    ),
    "a size that is too small": (
        lambda b: rebuilt(b, central={"size": 4999}, local={"size": 4999}),
        DamagedBundleError,
        "size is not the one in the manifest",
    ),
    "a size that is too large": (
        lambda b: rebuilt(b, central={"size": 5001}, local={"size": 5001}),
        DamagedBundleError,
        "size is not the one in the manifest",
    ),
    "a wrong CRC-32": (
        lambda b: rebuilt(b, central={"crc32": 1}, local={"crc32": 1}),
        DamagedBundleError,
        "content is not what was saved",
    ),
    "an extra field": (
        lambda b: rebuilt(b, central_extra=b"UT\5\0\1abcd"),
        DamagedBundleError,
        "extra field",
    ),
    "an extra field in the local header": (
        lambda b: rebuilt(b, local_extra=bytes(20)),
        DamagedBundleError,
        "header contradicts the table",
    ),
    "a ZIP64 field without need": (
        lambda b: rebuilt(b, central_extra=struct.pack("<2HQ", 1, 8, 5000)),
        DamagedBundleError,
        "extra field",
    ),
    "a comment of an entry": (
        lambda b: rebuilt(b, central={"comment": 4}, central_extra=b"more"),
        DamagedBundleError,
        "",
    ),
    "another disk": (lambda b: rebuilt(b, central={"disk": 1}), DamagedBundleError, "disk"),
    "a name that is not UTF-8": (
        lambda b: rebuilt(b).replace(b"files/home/noise", b"files/home/n\xffise"),
        BundleError,
        "",
    ),
    "another file named mimetype": (
        lambda b: rebuilt(b, "mimetype", content=MIMETYPE.encode() + b"+x"),
        BundleError,
        "mimetype|litestate's mark",
    ),
    "deflated data behind the stream": (
        lambda b: rebuilt(b, method=8, content=b"x" * 5000),
        DamagedBundleError,
        "content is not what",
    ),
}


@pytest.mark.parametrize(("make", "error", "match"), ENTRIES.values(), ids=ENTRIES.keys())
def test_hostile_entries(
    session: Session, bundle: bytes, make: Any, error: type[BundleError], match: str
) -> None:
    refused(session, make(bundle), error, match)


def test_two_members_with_the_same_name(session: Session, bundle: bytes) -> None:
    pieces = pieces_of(bundle)
    manifest = pieces.pop(MANIFEST_MEMBER)
    data = build([*pieces.values(), Piece(NOISE, b"other"), manifest])
    refused(session, data, UnsafeBundleError, "two members of one name, 'files/home/noise'")


def ended(bundle: bytes, behind: bytes = b"", **end: int) -> bytes:
    return build(list(pieces_of(bundle).values()), end, behind)


ENDS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "more entries than there are": (lambda b: ended(b, entries=9, disk_entries=9), "entry of it"),
    "fewer entries": (lambda b: ended(b, entries=3, disk_entries=3), "length|first and last"),
    "no entries": (lambda b: ended(b, entries=0, disk_entries=0), "length|first"),
    "two counts": (lambda b: ended(b, disk_entries=1), "contradicts"),
    "another disk": (lambda b: ended(b, disk=1), "contradicts"),
    "a directory elsewhere": (lambda b: ended(b, start=5), "contradicts"),
    "a directory of another length": (lambda b: ended(b, length=5), "contradicts"),
    "something behind the directory": (lambda b: ended(b, behind=b"hidden"), "contradicts"),
    "a short comment": (lambda b: ended(b, comment=4), "contradicts"),
    "a ZIP64 locator to nowhere": (
        lambda b: ended(b, behind=struct.pack("<4sIQI", b"PK\6\7", 0, 1 << 60, 1)),
        "end record is missing",
    ),
    "a ZIP64 record of other numbers": (
        lambda b: ended(b, behind=zip64_end(b, entries=10**9)),
        "contradict",
    ),
}


def zip64_end(bundle: bytes, entries: int) -> bytes:
    position = len(ended(bundle)) - 116 - 22
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, 5, 1, 1)
    return record + struct.pack("<4sIQI", b"PK\6\7", 0, position, 1)


@pytest.mark.parametrize(("make", "match"), ENDS.values(), ids=ENDS.keys())
def test_hostile_ends(session: Session, bundle: bytes, make: Any, match: str) -> None:
    refused(session, make(bundle), DamagedBundleError, match)


def other_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "a")
    return file.getvalue()


AROUND: dict[str, tuple[Callable[[bytes], bytes], type[BundleError], str]] = {
    "trailing data": (lambda b: b + b"more", DamagedBundleError, "something follows"),
    "trailing zeros": (lambda b: b + bytes(300), DamagedBundleError, "something follows"),
    "a program in front": (lambda b: b"MZ" + b, DamagedBundleError, "put in front"),
    "a ZIP in front": (lambda b: other_zip() + b, DamagedBundleError, "put in front"),
    "a ZIP behind": (lambda b: b + other_zip(), DamagedBundleError, "something follows"),
    "twice": (lambda b: b + b, DamagedBundleError, "not what was|contradicts"),
    "a ZIP of another kind": (lambda b: other_zip(), NotABundleError, "another kind"),
    "another comment": (
        lambda b: seal(b)[:-116] + b"x" * 116,
        DamagedBundleError,
        "something follows",
    ),
}


@pytest.mark.parametrize(("make", "error", "match"), AROUND.values(), ids=AROUND.keys())
def test_more_than_a_bundle(
    session: Session, bundle: bytes, make: Any, error: type[BundleError], match: str
) -> None:
    refused(session, make(bundle), error, match)


@pytest.mark.parametrize(
    ("argument", "value"),
    [("members", 2), ("total_bytes", 5000), ("ratio", 2), ("manifest_bytes", 10)],
)
def test_limits(
    session: Session, monkeypatch: pytest.MonkeyPatch, argument: str, value: int
) -> None:
    monkeypatch.setattr(limits, "HARMLESS", 1 << 20)
    (session.home / "zeros").write_bytes(bytes(3 << 20))
    (session.home / "a").touch()
    (session.home / "b").touch()
    data, _ = session.save()
    session.clear()
    with pytest.raises(UnsafeBundleError, match=rf"the limit is.*Limits\({argument}=…\)"):
        session.load(data, limits=Limits(**{"ratio": 1 << 40, argument: value}))
    assert not list(session.home.iterdir())
    session.load(data, limits=Limits(ratio=1 << 40))
    assert (session.home / "zeros").stat().st_size == 3 << 20


def quickly(session: Session, data: bytes, error: type[BundleError], match: str) -> None:
    """Assert that a bundle is refused before any of the requested work is done."""
    started = time.monotonic()
    refused(session, data, error, match)
    assert time.monotonic() - started < 10


def declared(manifest: Piece, **changes: Any) -> Piece:
    """Return a bundle whose manifest declares other values for the noise."""
    document = json.loads(manifest.content)
    [noise] = [item for item in document["members"] if item["name"] == NOISE]
    noise.update(changes)
    return Piece(MANIFEST_MEMBER, signed(document))


def test_a_ratio_bomb(session: Session, bundle: bytes) -> None:
    """A member of 300 GB that claims to have shrunk to 5 kB."""
    size = 300 << 30

    pieces = pieces_of(bundle)
    wide = struct.pack("<2HQ", 1, 8, size)
    noise = pieces[NOISE]
    pieces[NOISE] = replace(noise, central={"size": 0xFFFFFFFF}, central_extra=wide)
    pieces[MANIFEST_MEMBER] = declared(pieces[MANIFEST_MEMBER], size=size)
    quickly(session, build([*pieces.values()]), UnsafeBundleError, "unpacks to 322,122,5")


@pytest.mark.parametrize(
    "method", [method for method in ("deflate", "zstd") if method in AVAILABLE]
)
def test_a_member_that_unpacks_to_more_than_it_says(
    session: Session, bundle: bytes, method: str
) -> None:
    pieces = pieces_of(bundle)
    size = {"size": 1000}
    bomb = Piece(NOISE, bytes(100 << 20), METHODS[method], local=size, central=size)
    pieces[NOISE] = bomb
    manifest = declared(pieces[MANIFEST_MEMBER], size=1000, compressed_crc32=bomb.checksum)
    pieces[MANIFEST_MEMBER] = manifest
    quickly(
        session,
        build([*pieces.values()]),
        DamagedBundleError,
        "noise.*larger than its declared size",
    )


def test_a_bundle_in_a_bundle_is_a_file(session: Session, bundle: bytes) -> None:
    """A nested archive is never unpacked."""
    session.load(with_member(bundle, "files/home/inner", bundle))
    assert (session.home / "inner").read_bytes() == bundle


def test_millions_of_entries(session: Session, bundle: bytes) -> None:
    """The end record declares them: the directory is not even read."""
    entries = 5_000_000
    body = build([Piece("mimetype", MIMETYPE.encode()), Piece(MANIFEST_MEMBER, b"{}")])
    end = body.index(b"PK\5\6")
    start = body.index(b"PK\1\2")
    record = struct.pack(
        "<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, end - start, start
    )
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    last = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, end - start, start, 116)
    data = seal(body[:end] + record + locator + last + body[-116:])
    quickly(session, data, UnsafeBundleError, "4,999,998 members, the limit is")


def test_a_manifest_of_1_GB(session: Session, bundle: bytes) -> None:
    pieces = pieces_of(bundle)
    manifest = pieces[MANIFEST_MEMBER]
    sizes = {"size": 1 << 30}
    pieces[MANIFEST_MEMBER] = replace(manifest, method=8, local=sizes, central=sizes)
    data = build([*pieces.values()])
    quickly(session, data, UnsafeBundleError, "manifest has 1,073,741,824 bytes")


def test_a_manifest_that_unpacks_to_more_than_it_says(session: Session, bundle: bytes) -> None:
    pieces = pieces_of(bundle)
    sizes = {"size": 1000}
    bomb = Piece(MANIFEST_MEMBER, bytes(100 << 20), 8, local=sizes, central=sizes)
    pieces[MANIFEST_MEMBER] = bomb
    data = build([*pieces.values()])
    quickly(session, data, DamagedBundleError, "manifest.json.*larger than its declared size")


@pytest.mark.skipif(sys.platform == "emscripten", reason="the kernel has one thread and no /dev")
def test_a_file_that_never_ends(session: Session) -> None:
    with pytest.raises(litestate.LitestateError):
        litestate.load_state(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"[" + b"[[]]," * 600_000 + b"[]]", "far more than its members need|times as many"),
        (b'"' + b"a" * (3 << 20) + b'"', "times as many as it was compressed to"),
    ],
    ids=["many lists", "a long text"],
)
def test_a_manifest_that_is_expensive_to_read(
    session: Session, bundle: bytes, content: bytes, match: str
) -> None:
    pieces = pieces_of(bundle)
    manifest = pieces[MANIFEST_MEMBER].content
    data = manifest.replace(b'"format":', b'"x": ' + content + b', "format":', 1)
    pieces[MANIFEST_MEMBER] = Piece(MANIFEST_MEMBER, data, 8)
    quickly(session, build([*pieces.values()]), BundleError, match)
    # Stored: it does not expand.
    pieces[MANIFEST_MEMBER] = Piece(MANIFEST_MEMBER, data)
    if content.startswith(b"["):
        quickly(session, build([*pieces.values()]), DamagedBundleError, "far more than")


def test_deeply_nested_names_need_little_memory(session: Session) -> None:
    """The parent folders of names must not be stored one by one."""
    names = [f"files/home/{number}/{'a/' * 125}" for number in range(300)]
    file = io.BytesIO()
    with Writer(file) as writer:
        for name in names:
            writer.add(name, "directory", [], size=0)
        writer.finish(Manifest("now", None, {}, Scope(), writer.members))
    tracemalloc.start()
    try:
        Reader(file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20
