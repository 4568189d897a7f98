"""Damaged bundles: every cut and every flipped bit is refused, and the error names the entry."""

from __future__ import annotations

import io
import json
import os
import random
import re

import pytest
from faulty_storages import FEWER
from handmade_bundles import pack, unpack
from litestate.bundle import Reader
from litestate.bundle.manifest import MANIFEST_MEMBER
from litestate.bundle.zip_format import AVAILABLE, METHODS
from litestate.errors import BundleError, DamagedBundleError
from sessions import Session, refused
from version_2_bundles import as_version_2

FLIPS = 10_000 // FEWER
PIECES = {"mimetype", MANIFEST_MEMBER, "the table of contents"}


@pytest.fixture(params=[*(name for name in METHODS if name in AVAILABLE), "version 2"])
def compressed(request: pytest.FixtureRequest, session: Session, bundle: bytes) -> bytes:
    """The state of ``bundle`` in each compression, and a small signed one of version 2."""
    if request.param == "version 2":
        return as_version_2()
    return session.save(compression=request.param)[0]


def named(error: BundleError) -> str:
    """Return the entry that an error names as damaged."""
    found = re.search(r"is damaged at '([^']+)'", str(error))
    assert found, error
    assert "Nothing was changed; use another copy" in str(error)
    return found[1]


def pieces(bundle: bytes) -> list[tuple[int, str]]:
    """Return the end of each entry."""
    entries = Reader(io.BytesIO(bundle))._entries.values()
    return [(entry.start + entry.compressed_size, entry.name) for entry in entries]


def piece_at(ends: list[tuple[int, str]], position: int) -> str:
    return next((name for end, name in ends if position < end), "the table of contents")


def test_every_truncation_is_refused(session: Session, compressed: bytes) -> None:
    session.clear()
    ends = pieces(compressed)
    for length in range(1, len(compressed)):
        with pytest.raises(DamagedBundleError, match=r"cut off|ends in it") as caught:
            session.load(compressed[:length])
        # A cut header has no name: the error names the last whole entry.
        whole = [name for end, name in ends if end <= length][-1:]
        cut = {piece_at(ends, length - 1), piece_at(ends, length)}
        assert named(caught.value) in {*cut, *whole}
    assert not list(session.home.iterdir())


def test_every_flipped_bit_is_refused(session: Session, compressed: bytes) -> None:
    session.clear()
    ends = pieces(compressed)
    chance = random.Random(0)
    for number in range(FLIPS):
        damaged = bytearray(compressed)
        position = chance.randrange(len(compressed))
        damaged[position] ^= 1 << chance.randrange(8)
        with pytest.raises(DamagedBundleError) as caught:
            if number % 10:
                # A load begins with this, and what prepares its progress bar takes longer.
                Reader(io.BytesIO(damaged)).verify()
            else:
                session.load(damaged)
        expected = piece_at(ends, position)
        # One checksum covers the manifest and everything behind it.
        assert named(caught.value) == expected or {named(caught.value), expected} <= PIECES
    assert not list(session.home.iterdir())


@pytest.mark.parametrize("length", [2, 7, 64, 4096])
def test_bytes_that_are_lost_doubled_or_zeroed(
    session: Session, bundle: bytes, length: int
) -> None:
    session.clear()
    chance = random.Random(length)
    for _ in range(200):
        start = chance.randrange(len(bundle) - length)
        before, piece, after = bundle[:start], bundle[start:][:length], bundle[start + length :]
        for middle in (b"", piece * 2, bytes(length), os.urandom(length)):
            if (damaged := before + middle + after) != bundle:
                with pytest.raises(BundleError):
                    session.load(damaged)
    assert not list(session.home.iterdir())


def test_a_member_of_other_content(session: Session, bundle: bytes) -> None:
    members = unpack(bundle)
    members["files/home/noise"] = os.urandom(5000)
    refused(session, pack(members), DamagedBundleError, "files/home/noise.*not what was saved")


def test_other_compressed_data_of_the_same_content(session: Session, bundle: bytes) -> None:
    def edit(name: str) -> bytes:
        members = unpack(bundle)
        document = json.loads(members[MANIFEST_MEMBER])
        [member] = [member for member in document["members"] if member["name"] == name]
        member["compressed_crc32"] = "00000000"
        # Unchanged: pack() would correct it.
        from handmade_bundles import Piece, build

        manifest = json.dumps(document).encode()
        others = [Piece(*item) for item in members.items() if item[0] != MANIFEST_MEMBER]
        return build([*others, Piece(MANIFEST_MEMBER, manifest)])

    refused(session, edit("files/home/noise"), DamagedBundleError, "compressed data is not what")


def test_a_member_of_another_size(session: Session, bundle: bytes) -> None:
    members = unpack(bundle)
    members["files/home/noise"] += b"more"
    refused(session, pack(members), DamagedBundleError, "files/home/noise.*size")


def test_a_missing_member(session: Session, bundle: bytes) -> None:
    members = unpack(bundle)
    del members["files/home/noise"]
    refused(session, pack(members), DamagedBundleError, "files/home/noise.*missing")


def test_an_extra_member(session: Session, bundle: bytes) -> None:
    data = pack({"mimetype": b"", "files/home/extra": b"x", **unpack(bundle)})
    refused(session, data, DamagedBundleError, "files/home/extra.*not in the manifest")


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + bytes(1008)])
def test_an_invalid_database(session: Session, bundle: bytes, content: bytes) -> None:
    from handmade_bundles import with_member

    data = with_member(bundle, "databases/home/bad.db", content, "database")
    refused(session, data, DamagedBundleError, "bad.db.*not a database")
