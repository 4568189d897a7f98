"""The ZIP directory: hostile ones are refused, and reader and writer agree."""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import pytest
from handmade_bundles import (
    build,
    headers,
    pieces_of,
    seal,
    signed,
    unpack,
    with_member,
    with_zip64_end,
)
from litestate.bundle import CHUNK, Limits, Reader, Writer, zip_format
from litestate.bundle.limits import HARMLESS
from litestate.bundle.manifest import (
    MANIFEST_MEMBER,
    MIMETYPE,
    MIMETYPE_MEMBER,
    Kind,
    Manifest,
    Scope,
)
from litestate.bundle.writer import comment
from litestate.bundle.zip_format import COMMENT_BYTES, START
from litestate.errors import DamagedBundleError, UnsafeBundleError
from sessions import Session, refused

NOISE = "files/home/noise"
OTHER = "files/home/other"
MAX32 = 0xFFFF_FFFF


def changed_piece(bundle: bytes, name: str, **changes: Any) -> bytes:
    pieces = pieces_of(bundle)
    pieces[name] = replace(pieces[name], **changes)
    return build([*pieces.values()])


def behind_the_manifest(bundle: bytes) -> bytes:
    pieces = pieces_of(with_member(bundle, OTHER, b"other"))
    other = pieces.pop(OTHER)
    return build([*pieces.values(), other])


def before_the_mimetype(bundle: bytes) -> bytes:
    """Name the first entry `mimetype` in its local header only."""
    pieces = pieces_of(with_member(bundle, OTHER, MIMETYPE.encode()))
    shared = len(START) - 30 - len(OTHER)
    other = replace(pieces.pop(OTHER), local_name=MIMETYPE_MEMBER, central={"compressed": shared})
    data = build([other, *pieces.values()])
    assert data.startswith(START)
    return data


def another_start_of_the_manifest(bundle: bytes) -> bytes:
    """Extend the checksum beyond the manifest and what follows it."""
    return seal(bundle[:-COMMENT_BYTES] + comment(len(START), "0" * 64))


DIRECTORIES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "bytes between the start and the first entry": (
        lambda b: changed_piece(b, MIMETYPE_MEMBER, gap=START + b"hidden"),
        "first entry is not at the start of the file",
    ),
    "an entry behind the manifest": (behind_the_manifest, "first and last entry"),
    "an entry before the mimetype": (before_the_mimetype, "first and last entry"),
    "a checksum from elsewhere on": (
        another_start_of_the_manifest,
        "does not say where the manifest starts",
    ),
    "another size of the mimetype": (
        lambda b: changed_piece(b, MIMETYPE_MEMBER, central={"size": 30}),
        "'mimetype': its size is wrong",
    ),
    "a ZIP64 record of another length": (lambda b: with_zip64_end(b, rest=45), "contradict"),
}


@pytest.mark.parametrize(("make", "match"), DIRECTORIES.values(), ids=DIRECTORIES.keys())
def test_hostile_directories(
    session: Session, bundle: bytes, make: Callable[[bytes], bytes], match: str
) -> None:
    data = make(bundle)
    with pytest.raises(DamagedBundleError, match=match):
        Reader(io.BytesIO(data))
    refused(session, data, DamagedBundleError, match)


def test_zip64_records_without_need_are_read(session: Session, bundle: bytes) -> None:
    session.load(with_zip64_end(bundle))


@pytest.mark.parametrize(
    "change", [{"crc32": 1}, {"time": 1}, {"date": 34}, {"version": 10}], ids=str
)
def test_another_central_header_of_the_mimetype(
    session: Session, bundle: bytes, change: dict[str, int]
) -> None:
    data = changed_piece(bundle, MIMETYPE_MEMBER, central=change)
    refused(session, data, DamagedBundleError, "'mimetype': its header contradicts the table")


@pytest.mark.parametrize("size", [MAX32, MAX32 + 1, 1 << 40])
def test_a_zip64_entry_with_a_short_local_header(bundle: bytes, size: int) -> None:
    def edit(document: dict[str, Any]) -> None:
        [noise] = [item for item in document["members"] if item["name"] == NOISE]
        noise["size"] = size

    pieces = pieces_of(bundle)
    pieces[NOISE] = replace(
        pieces[NOISE],
        local={"size": min(size, MAX32)},
        central={"size": MAX32},
        central_extra=struct.pack("<2HQ", 1, 8, size),
    )
    manifest = pieces[MANIFEST_MEMBER]
    manifest.content = resigned(manifest.content, edit)
    reader = Reader(
        io.BytesIO(build([*pieces.values()])), limits=Limits(total_bytes=1 << 50, ratio=1 << 50)
    )
    with pytest.raises(DamagedBundleError, match="noise': its header contradicts the table"):
        reader.verify()


def resigned(manifest: bytes, edit: Callable[[dict[str, Any]], None]) -> bytes:
    document = json.loads(manifest)
    edit(document)
    return signed(document)


KINDS = {
    "file": "files/home/new",
    "symlink": "files/home/NEW",
    "database": "databases/home/new",
}


@pytest.mark.parametrize(("kind", "name"), KINDS.items(), ids=KINDS.keys())
def test_a_member_whose_path_an_earlier_one_uses_as_a_folder(
    session: Session, bundle: bytes, kind: str, name: str
) -> None:
    """The message may name either of the two first."""
    content = unpack(bundle)["databases/home/app.db"] if kind == "database" else b"noise"
    data = with_member(bundle, "files/home/new/deep/inner", b"inner")
    Reader(io.BytesIO(with_member(data, "files/home/new/", b"", "directory"))).verify()
    data = with_member(data, name, content, kind)
    refused(session, data, UnsafeBundleError, f"'{name}' is needed as a folder|is below '{name}'")


@pytest.mark.parametrize(("kind", "name"), KINDS.items(), ids=KINDS.keys())
def test_the_writer_refuses_a_path_used_as_a_folder(kind: Kind, name: str) -> None:
    with Writer(io.BytesIO()) as writer:
        writer.add("files/home/new/deep/inner", "file", [b"inner"], size=5)
        with pytest.raises(
            UnsafeBundleError,
            match=f"'{name}'.*is needed as a folder by 'files/home/new/deep/inner'",
        ):
            writer.add(name, kind, [b"noise"], size=5)
        writer.add("files/home/new/", "directory", [], size=0)
        assert [member.kind for member in writer.members] == ["file", "directory"]


def two_large_members() -> tuple[Reader, list[bytes]]:
    contents = [bytes([number]) * (3 * CHUNK + 5) for number in range(2)]
    file = io.BytesIO()
    with Writer(file, compression="store") as writer:
        for number, content in enumerate(contents):
            writer.add(f"files/home/{number}", "file", [content], size=len(content))
        writer.finish(Manifest("now", None, {}, Scope(), writer.members))
    return Reader(file), contents


def test_members_that_are_read_alternately() -> None:
    reader, contents = two_large_members()
    first, second = (reader.chunks(member) for member in reader.manifest.members)
    found = [b"", b""]
    for pair in zip_longest(first, second, fillvalue=b""):
        found = [before + chunk for before, chunk in zip(found, pair, strict=True)]
    assert found == contents


def test_progress_counts_every_byte_once() -> None:
    reader, contents = two_large_members()
    counts: list[int] = []
    reader.advance = counts.append
    reader.verify()
    assert sum(counts) == reader.total == sum(map(len, contents))
    assert max(counts) <= CHUNK
    counts.clear()
    lengths = [len(chunk) for chunk in reader.chunks(reader.manifest.members[1])]
    assert counts == lengths
    assert sum(counts) == len(contents[1])


def test_progress_counts_every_written_byte() -> None:
    chunks = [b"", b"a", bytes(5000), b"end"]
    counts: list[int] = []
    with Writer(io.BytesIO()) as writer:
        writer.advance = counts.append
        writer.add("files/home/a", "file", chunks, size=5004)
    assert counts == [len(chunk) for chunk in chunks]


def test_a_high_ratio_is_harmless_below_1_gib(session: Session) -> None:
    (session.home / "zeros").write_bytes(bytes(16 << 20))
    data, _ = session.save()
    assert (16 << 20) / len(data) > Limits().ratio
    session.clear()
    session.load(data)
    assert (session.home / "zeros").read_bytes() == bytes(16 << 20)


def test_the_size_from_which_the_ratio_is_limited() -> None:
    assert HARMLESS == 1 << 30
    Limits().check_total(HARMLESS, 1)
    Limits().check_total(HARMLESS + 1, HARMLESS)
    with pytest.raises(UnsafeBundleError, match="times its own size"):
        Limits().check_total(HARMLESS + 1, 1000)


def test_as_many_members_as_the_limit_allows(bundle: bytes) -> None:
    count = len(Reader(io.BytesIO(bundle)).manifest.members)
    Reader(io.BytesIO(bundle), limits=Limits(members=count))
    with pytest.raises(UnsafeBundleError, match=f"it has {count} members"):
        Reader(io.BytesIO(bundle), limits=Limits(members=count - 1))


def differences(bundle: bytes) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Return the fields in which the local and the central header of an entry differ."""
    return {
        (name, field): (local[field], central[field])
        for name, (local, central) in headers(bundle).items()
        # They have signatures of their own, and ZIP64 fields for numbers of their own.
        for field in local.keys() & central.keys() - {"signature", "extra"}
        if local[field] != central[field]
    }


def written(contents: list[bytes]) -> bytes:
    file = io.BytesIO()
    with Writer(file) as writer:
        for number, content in enumerate(contents):
            name = f"files/home/é{number}"
            writer.add(name, "file", [content], size=len(content), mtime_ns=10**18)
        writer.add("files/home/folder/", "directory", [], size=0)
        writer.finish(Manifest("now", None, {}, Scope(), writer.members))
    return file.getvalue()


def test_local_and_central_headers_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """They also agree where only the offset needs ZIP64: the local header does not hold it."""
    contents = [*[b"small"] * 4, os.urandom(4000), b"", b"small", b"x" * 150, b"x" * 9000]
    plain = written(contents)
    assert differences(plain) == {}
    offsets = {central["offset"] for _, central in headers(plain).values()}
    limits = range(60, 250)
    assert len(offsets.intersection(limits)) > 2
    for limit in limits:
        monkeypatch.setattr(zip_format.zipfile, "ZIP64_LIMIT", limit)
        data = written(contents)
        assert [*headers(data)][:1] == [MIMETYPE_MEMBER]
        assert [*headers(data)][-1:] == [MANIFEST_MEMBER]
        assert {central["version"] for _, central in headers(data).values()} == {20, 45}
        assert differences(data) == {}
        Reader(io.BytesIO(data)).verify()


def test_a_small_manifest_behind_2_gib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the offset needs ZIP64; the writer treats 3,000 bytes as 2 GiB."""
    limit = 3000
    monkeypatch.setattr(zip_format.zipfile, "ZIP64_LIMIT", limit)
    data = written([os.urandom(2000), os.urandom(2000)])
    local, central = headers(data)[MANIFEST_MEMBER]
    assert 1.05 * local["size"] < limit < central["offset"]
    assert differences(data) == {}
    Reader(io.BytesIO(data)).verify()
