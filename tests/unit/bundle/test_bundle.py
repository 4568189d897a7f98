"""Bundles as plain ZIP archives, and invalid manifests."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from handmade_bundles import edited, pack, pieces_of, raw_manifest, unpack
from litestate.bundle import is_bundle
from litestate.bundle.manifest import MANIFEST_MEMBER
from litestate.bundle.zip_format import CENTRAL_SIGNATURE, COMMENT, START
from litestate.errors import BundleError, DamagedBundleError, NewerFormatError, NotABundleError
from sessions import Session, refused


def test_any_zip_tool_opens_it(bundle: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
        assert COMMENT.fullmatch(archive.comment)
    assert (infos[0].filename, infos[0].compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert infos[-1].filename == "manifest.json"
    assert bundle.startswith(START)
    assert is_bundle(bundle[:100])
    modes = {info.filename: info.external_attr >> 16 for info in infos}
    assert stat.S_ISLNK(modes["files/home/link"])
    assert stat.S_ISDIR(modes["files/home/folder/"])


def test_the_manifest_describes_everything(bundle: bytes) -> None:
    manifest = json.loads(unpack(bundle)[MANIFEST_MEMBER])
    assert (manifest["format"], manifest["version"]) == ("litestate", 1)
    assert {"litestate", "python", "sqlite", "platform"} <= set(manifest["generator"])
    [database] = [member for member in manifest["members"] if member["kind"] == "database"]
    assert database["name"] == "databases/home/app.db"
    assert database["details"] == {"journal_mode": "delete", "tables": {"runs": 10}}


def test_the_same_state_has_the_same_digest(session: Session, bundle: bytes) -> None:
    again, report = session.save()
    session.clear()
    session.load(bundle)
    assert report.digest == session.save()[1].digest
    (session.home / "noise").write_bytes(b"other")
    assert report.digest != session.save()[1].digest
    assert len(again) == len(bundle)


def test_a_repacked_bundle_loads(session: Session, bundle: bytes) -> None:
    """Otherwise the tables of damaged bundles would prove nothing."""
    digest = session.save()[1].digest
    session.clear()
    session.load(pack(unpack(bundle)))
    assert session.save()[1].digest == digest


def test_a_bundle_after_other_data(session: Session) -> None:
    file = io.BytesIO(b"before")
    file.seek(0, io.SEEK_END)
    (session.home / "a").write_text("a")
    from litestate import save_state

    save_state(file)
    session.clear()
    session.load(file.getvalue().removeprefix(b"before"))
    assert (session.home / "a").read_text() == "a"


def test_saving_over_a_longer_bundle_truncates_it(session: Session) -> None:
    from litestate import save_state

    (session.home / "noise").write_bytes(bytes(range(256)) * 100)
    file = io.BytesIO()
    save_state(file)
    longer = len(file.getvalue())
    (session.home / "noise").write_bytes(b"less")
    file.seek(0)
    save_state(file)
    saved = session.snapshot()
    assert len(file.getvalue()) < longer
    session.clear()
    session.load(file.getvalue())
    assert session.snapshot() == saved


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "the file is empty"),
        (b"{}", "looks like JSON"),
        (b"SQLite format 3\0" + bytes(100), "SQLite database"),
        (b"\x89PNG\r\n\x1a\n", "first bytes"),
        (b"PK\3\4" + bytes(100) + CENTRAL_SIGNATURE, "a ZIP file of another kind"),
    ],
)
def test_not_a_bundle(session: Session, data: bytes, match: str) -> None:
    assert "Nothing was changed" in refused(session, data, NotABundleError, match)


@pytest.mark.parametrize(
    ("edit", "error", "match"),
    [
        (lambda d: d.update(version=3), NewerFormatError, "version 3.*up to version 2"),
        (lambda d: d.update(version=2), DamagedBundleError, "format version 1, not 2"),
        (lambda d: d.update(version=0), DamagedBundleError, "version"),
        (lambda d: d.update(version=True), DamagedBundleError, "version"),
        (lambda d: d.update(format="other"), DamagedBundleError, "format"),
        (lambda d: d.update(members={}), DamagedBundleError, "members"),
        (lambda d: d.pop("scope"), DamagedBundleError, "scope"),
        (lambda d: d["scope"].pop("paths"), DamagedBundleError, "paths"),
        (lambda d: d.update(unknown={"\ud800": 1}), DamagedBundleError, "text"),
        (lambda d: d.update(unknown=["\udfff"]), DamagedBundleError, "text"),
        (lambda d: d.update(unknown=float("nan")), DamagedBundleError, "NaN"),
        (lambda d: d.update(unknown=float("inf")), DamagedBundleError, "Infinity"),
        (lambda d: d.update(generator={"a": 1}), DamagedBundleError, "text"),
        (lambda d: d.update(created="\ud800"), DamagedBundleError, "text"),
        (lambda d: d["members"].append("x"), DamagedBundleError, "objects"),
        (lambda d: d["members"][0].update(kind="fifo"), DamagedBundleError, "fifo"),
        (lambda d: d["members"][0].update(mode=-1), DamagedBundleError, "impossible"),
        (lambda d: d["members"][0].update(mtime_ns=2**70), DamagedBundleError, "impossible"),
        (lambda d: d["members"][0].update(sha256="x"), DamagedBundleError, "SHA-256"),
        (lambda d: d["members"][0].pop("compressed_crc32"), DamagedBundleError, "crc32"),
        (lambda d: d["members"][0].update(size=1.5), DamagedBundleError, "size"),
        (lambda d: d["members"].pop(), DamagedBundleError, "digest"),
        (lambda d: d.update(content_digest="0" * 64), DamagedBundleError, "digest"),
    ],
)
def test_bad_manifests(
    session: Session, bundle: bytes, edit: Any, error: type[BundleError], match: str
) -> None:
    refused(session, edited(bundle, edit), error, match)


NOT_THE_ONLY_READING: dict[str, Callable[[bytes], bytes]] = {
    "a key twice": lambda m: m.replace(b'"version":', b'"version": 2, "version":'),
    "a key of a member twice": lambda m: m.replace(b'"size":', b'"size": 1, "size":', 1),
    "byte order mark": lambda m: b"\xef\xbb\xbf" + m,
    "UTF-16": lambda m: m.decode().encode("utf-16"),
    "UTF-16 without a mark": lambda m: m.decode().encode("utf-16-le"),
    "UTF-32": lambda m: m.decode().encode("utf-32"),
    "a surrogate in bytes": lambda m: (
        m.replace(b'"linux"', b'"\xed\xa0\x80"', 1) + b" \xed\xa0\x80"
    ),
}


@pytest.mark.parametrize("change", NOT_THE_ONLY_READING.values(), ids=NOT_THE_ONLY_READING.keys())
def test_manifests_that_readers_could_read_in_two_ways(
    session: Session, bundle: bytes, change: Callable[[bytes], bytes]
) -> None:
    manifest = pieces_of(bundle)[MANIFEST_MEMBER].content
    session.load(raw_manifest(bundle, manifest))
    data = raw_manifest(bundle, change(manifest))
    refused(session, data, DamagedBundleError, "not JSON")


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"a":'])
def test_an_invalid_manifest(session: Session, bundle: bytes, data: bytes) -> None:
    refused(session, raw_manifest(bundle, data), DamagedBundleError)
