"""Hostile names, links and trees with valid checksums: each is refused, and nothing changes."""

from __future__ import annotations

import hashlib
import json

import pytest
from handmade_bundles import (
    Piece,
    build,
    pack,
    signed,
    unpack,
    with_checksums,
    with_member,
)
from litestate.bundle.manifest import MANIFEST_MEMBER
from litestate.errors import BundleError, DamagedBundleError, UnsafeBundleError
from sessions import Session, make_database, refused

NOISE = "files/home/noise"

NAMES: dict[str, tuple[str, type[BundleError], str]] = {
    "absolute": ("/etc/passwd", UnsafeBundleError, "absolute"),
    "parent": ("files/home/../../x", UnsafeBundleError, r"'\.\.' part"),
    "parent at the end": ("files/home/..", UnsafeBundleError, r"'\.\.' part"),
    "dot": ("files/home/./x", UnsafeBundleError, "part"),
    "empty part": ("files/home//x", UnsafeBundleError, "part"),
    "backslash": ("files\\home\\x", UnsafeBundleError, "backslash"),
    "Windows drive": ("files/home/C:x", UnsafeBundleError, "drive letter"),
    "Windows drive, absolute": ("C:/x", UnsafeBundleError, "drive letter"),
    "UNC": ("//server/share/x", UnsafeBundleError, "absolute"),
    "UNC with backslashes": ("\\\\server\\share\\x", UnsafeBundleError, "backslash"),
    "device": ("files/home/NUL", UnsafeBundleError, "device"),
    "device with a suffix": ("files/home/com1.txt", UnsafeBundleError, "device"),
    "device with spaces": ("files/home/aux .txt", UnsafeBundleError, "device"),
    "control": ("files/home/a\x07", UnsafeBundleError, "control"),
    "line feed": ("files/home/a\nb", UnsafeBundleError, "control"),
    "escape": ("files/home/\x1b[2J", UnsafeBundleError, "control"),
    "NUL": ("files/home/a\0b", UnsafeBundleError, "control"),
    "C1 control": ("files/home/a\x9b", UnsafeBundleError, "control"),
    "case": ("files/home/NOISE", UnsafeBundleError, "collides with"),
    "case of a folder": ("files/HOME/noise", UnsafeBundleError, "collides with"),
    "below a file": ("files/home/noise/x", UnsafeBundleError, "is below"),
    "below a link": ("files/home/link/x", UnsafeBundleError, "is below"),
    "below a link, in other case": ("files/home/LINK/x", UnsafeBundleError, "is below"),
    "too long": ("files/home/" + "a" * 5000, UnsafeBundleError, "bytes"),
    "too deep": ("files/home" + "/a" * 127, UnsafeBundleError, "more than 128 parts"),
    "no root": ("files/x", DamagedBundleError, "does not stand in"),
    "other top": ("stuff/home/x", DamagedBundleError, "does not stand in"),
    "the manifest again": (MANIFEST_MEMBER, UnsafeBundleError, "two members of one name"),
}


@pytest.mark.parametrize(("name", "error", "match"), NAMES.values(), ids=NAMES.keys())
def test_hostile_names(
    session: Session, bundle: bytes, name: str, error: type[BundleError], match: str
) -> None:
    members = unpack(bundle)
    document = json.loads(members[MANIFEST_MEMBER])
    [noise] = [item for item in document["members"] if item["name"] == NOISE]
    document["members"].append({**noise, "name": name})
    pieces = [Piece(*item) for item in members.items() if item[0] != MANIFEST_MEMBER]
    pieces.append(Piece(name, members[NOISE]))
    manifest = with_checksums(signed(document), pieces)
    refused(session, build([*pieces, Piece(MANIFEST_MEMBER, manifest)]), error, match)


@pytest.mark.parametrize(
    "pair",
    [("é", "e\u0301"), ("ß", "SS"), ("ſ", "s"), ("K", "\u212a"), ("ﬁ", "fi"), ("Ω", "\u2126")],
    ids=["NFC and NFD", "sharp s", "long s", "kelvin", "ligature", "ohm"],
)
def test_names_that_collide_on_some_systems(
    session: Session, bundle: bytes, pair: tuple[str, str]
) -> None:
    data = with_member(bundle, f"files/home/{pair[0]}", b"1")
    data = with_member(data, f"files/home/{pair[1]}", b"2")
    refused(session, data, UnsafeBundleError, "collides with")


LINKS = {
    "absolute": "/etc/passwd",
    "out of the root": "../../x",
    "out and in again": "noise/../..",
    "through another link": "link/../../x",
    "Windows drive": "C:\\x",
    "drive with a slash": "c:/x",
    "UNC": "\\\\server\\x",
    "line feed": "a\nb",
    "empty": "",
    "too long": "a" * 5000,
    "NUL": "a\0",
}


@pytest.mark.parametrize("target", LINKS.values(), ids=LINKS.keys())
def test_hostile_links(session: Session, bundle: bytes, target: str) -> None:
    members = unpack(bundle)
    document = json.loads(members[MANIFEST_MEMBER])
    [link] = [item for item in document["members"] if item["kind"] == "symlink"]
    members[link["name"]] = data = target.encode()
    link.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    members[MANIFEST_MEMBER] = signed(document)
    refused(session, pack(members), UnsafeBundleError, "link")


def test_a_link_whose_target_is_not_text(session: Session, bundle: bytes) -> None:
    data = with_member(bundle, "files/home/other", b"\xff\xfe", "symlink")
    refused(session, data, UnsafeBundleError, "not text")


def test_a_folder_with_content(session: Session, bundle: bytes) -> None:
    data = with_member(bundle, "files/home/x/", b"content", "directory")
    refused(session, data, DamagedBundleError, "folder with content")


def test_a_database_below_a_link_of_the_other_tree(session: Session, bundle: bytes) -> None:
    database = unpack(bundle)["databases/home/app.db"]
    data = with_member(bundle, "databases/home/link/x.db", database, "database")
    refused(session, data, UnsafeBundleError, "is below")


def test_a_file_and_a_database_with_the_same_name(session: Session, bundle: bytes) -> None:
    data = with_member(bundle, "files/home/APP.db", b"x")
    refused(session, data, UnsafeBundleError, "collides with")


@pytest.mark.parametrize("suffix", ["-journal", "-wal", "-shm"])
def test_a_journal_that_would_be_replayed(session: Session, bundle: bytes, suffix: str) -> None:
    data = with_member(bundle, f"files/home/app.db{suffix}", b"x")
    refused(session, data, UnsafeBundleError, "replayed")


def test_a_journal_for_an_existing_database(session: Session, bundle: bytes) -> None:
    data = with_member(bundle, "files/home/mine.db-journal", b"x")
    session.clear()
    make_database(session.home / "mine.db")
    report = session.load(data)
    assert [skipped.path for skipped in report.skipped] == ["~/mine.db-journal"]
    assert not (session.home / "mine.db-journal").exists()
