"""The bundle: a plain ZIP for everybody, and a reader that trusts nothing."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import stat
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from litestate.bundle import Limits, Reader, is_bundle
from litestate.errors import (
    BundleError,
    DamagedBundleError,
    NewerFormatError,
    NotABundleError,
    UnsafeBundleError,
)
from litestate.manifest import MANIFEST_MEMBER, MIMETYPE
from states import Session, make_database

Members = dict[str, bytes]


@pytest.fixture
def bundle(session: Session) -> bytes:
    """A bundle of a text, noise, a folder, a link and a database."""
    (session.home / "folder").mkdir()
    (session.home / "folder" / "text.txt").write_text("hello " * 2000)
    (session.home / "noise").write_bytes(os.urandom(5000))
    (session.home / "link").symlink_to("noise")
    make_database(session.home / "app.db")
    return session.save()[0]


def unpack(bundle: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def pack(members: Members, **more: bytes) -> bytes:
    """Make a ZIP of members; those of ``more`` may repeat a name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (*members.items(), *more.items()):
            method = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


def edited(bundle: bytes, edit: Callable[[dict[str, Any]], object]) -> bytes:
    """Change the manifest."""
    members = unpack(bundle)
    document = json.loads(members[MANIFEST_MEMBER])
    edit(document)
    return pack({**members, MANIFEST_MEMBER: json.dumps(document).encode()})


def refused(session: Session, data: bytes, error: type[BundleError], match: str = "") -> str:
    """Load, and make sure that it is refused with nothing changed."""
    session.clear()
    (session.home / "mine").write_text("mine")
    before = session.snapshot()
    with pytest.raises(error, match=match or None) as caught:
        session.load(data)
    assert session.snapshot() == before
    return str(caught.value)


def test_anybody_can_open_it(bundle: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
    assert (infos[0].filename, infos[0].compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert infos[-1].filename == "manifest.json"
    assert bundle[30:38] + bundle[38 : 38 + len(MIMETYPE)] == b"mimetype" + MIMETYPE.encode()
    assert is_bundle(bundle[:100])
    modes = {info.filename: info.external_attr >> 16 for info in infos}
    assert stat.S_ISLNK(modes["files/home/link"])
    assert stat.S_ISDIR(modes["files/home/folder/"])


def test_the_manifest_says_everything(session: Session, bundle: bytes) -> None:
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


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "the file is empty"),
        (b"{}", "looks like JSON"),
        (b"SQLite format 3\0" + bytes(100), "SQLite database"),
        (b"\x89PNG\r\n\x1a\n", "first bytes"),
        (pack({"a.txt": b"a"}), "not a litestate bundle"),
        (pack({"mimetype": b"application/epub+zip"}), "not a litestate bundle"),
    ],
)
def test_not_a_bundle(session: Session, data: bytes, match: str) -> None:
    assert "Nothing was changed" in refused(session, data, NotABundleError, match)


def test_every_truncation_is_refused(session: Session, bundle: bytes) -> None:
    session.clear()
    chance = random.Random(0)
    lengths = {*range(200), *(len(bundle) - n for n in range(1, 200))}
    for length in sorted(lengths | set(chance.sample(range(len(bundle)), 200))):
        with pytest.raises(BundleError):
            session.load(bundle[:length])
    assert not list(session.home.iterdir())


def test_no_flipped_bit_changes_what_is_loaded(session: Session, bundle: bytes) -> None:
    """Refused, or of no consequence: some bits of a ZIP mean nothing, as the padding of Deflate."""
    with Reader(io.BytesIO(bundle)) as reader:
        truth = [(member, reader.content(member)) for member in reader.manifest.members]
    chance = random.Random(0)
    refusals = 0
    for _ in range(1000):
        damaged = bytearray(bundle)
        damaged[chance.randrange(len(bundle))] ^= 1 << chance.randrange(8)
        try:
            with Reader(io.BytesIO(damaged)) as reader:
                reader.verify()
                found = [(member, reader.content(member)) for member in reader.manifest.members]
        except BundleError:
            refusals += 1
        else:
            assert found == truth
    assert refusals > 800


def test_the_error_names_the_damaged_member(session: Session, bundle: bytes) -> None:
    members = unpack(bundle)
    members["files/home/noise"] = os.urandom(5000)
    refused(session, pack(members), DamagedBundleError, "files/home/noise.*not what was saved")


def test_a_member_of_another_size(session: Session, bundle: bytes) -> None:
    members = unpack(bundle)
    members["files/home/noise"] += b"more"
    refused(session, pack(members), DamagedBundleError, "files/home/noise.*size")


def test_a_missing_member(session: Session, bundle: bytes) -> None:
    members = unpack(bundle)
    del members["files/home/noise"]
    refused(session, pack(members), DamagedBundleError, "files/home/noise.*missing")


def test_an_extra_member(session: Session, bundle: bytes) -> None:
    data = pack(unpack(bundle), **{"files/home/extra": b"x"})
    refused(session, data, DamagedBundleError, "files/home/extra.*does not know")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_duplicate_member(session: Session, bundle: bytes) -> None:
    data = pack(unpack(bundle), **{"files/home/noise": b"x"})
    refused(session, data, UnsafeBundleError, "two members of one name")


def test_an_encrypted_member(session: Session, bundle: bytes) -> None:
    data = bytearray(bundle)
    central = bundle.index(b"files/home/noise", bundle.index(b"PK\x01\x02")) - 46
    data[central + 8] |= 1
    refused(session, bytes(data), UnsafeBundleError, "encrypted")


HOSTILE: dict[str, tuple[str, type[BundleError], str]] = {
    "absolute": ("/etc/passwd", UnsafeBundleError, "absolute"),
    "parent": ("files/home/../../x", UnsafeBundleError, r"'\.\.' part"),
    "backslash": ("files\\home\\x", UnsafeBundleError, "backslash"),
    "drive": ("files/home/C:x", UnsafeBundleError, "drive letter"),
    "device": ("files/home/NUL", UnsafeBundleError, "device"),
    "control": ("files/home/a\x07", UnsafeBundleError, "control"),
    "case": ("files/home/NOISE", UnsafeBundleError, "would be one file with"),
    "below a file": ("files/home/noise/x", UnsafeBundleError, "stands below"),
    "below a link": ("files/home/link/x", UnsafeBundleError, "stands below"),
    "no root": ("files/x", DamagedBundleError, "does not stand in"),
    "other top": ("stuff/home/x", DamagedBundleError, "does not stand in"),
}


@pytest.mark.parametrize(("name", "error", "match"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_names(
    session: Session, bundle: bytes, name: str, error: type[BundleError], match: str
) -> None:
    members = {"mimetype": b"", **unpack(bundle)}
    document = json.loads(members.pop(MANIFEST_MEMBER))
    [noise] = [item for item in document["members"] if item["name"] == "files/home/noise"]
    document["members"].append({**noise, "name": name})
    members[name] = members["files/home/noise"]
    members[MANIFEST_MEMBER] = signed(document)
    refused(session, pack(members), error, match)


def signed(document: dict[str, Any]) -> bytes:
    """Give a manifest the digest that its members ask for."""
    from litestate.manifest import Member, content_digest

    members = [Member(**item) for item in document["members"]]
    return json.dumps({**document, "content_digest": content_digest(members)}).encode()


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "noise/../..", "C:\\x", "a\nb"])
def test_hostile_links(session: Session, bundle: bytes, target: str) -> None:
    members = unpack(bundle)
    document = json.loads(members[MANIFEST_MEMBER])
    [link] = [item for item in document["members"] if item["kind"] == "symlink"]
    members[link["name"]] = data = target.encode()
    link.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    members[MANIFEST_MEMBER] = signed(document)
    refused(session, pack(members), UnsafeBundleError, "link")


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (lambda bundle: bundle + b"more", "follows after the end"),
        (lambda bundle: bundle + bytes(30), "follows after the end"),
        (lambda bundle: bundle[:-2] + b"\4\0more", "follows after the end"),
        (lambda bundle: b"MZ" + bundle, "not a litestate bundle"),
        (lambda bundle: bundle + bundle, "end of the archive|not a litestate|two members"),
        (lambda bundle: pack({**unpack(bundle), "mimetype": MIMETYPE.encode() + b"+x"}), "mark"),
    ],
    ids=["tail", "zeros", "comment", "prefix", "twice", "mimetype"],
)
def test_more_than_a_bundle(session: Session, bundle: bytes, data: Any, match: str) -> None:
    refused(session, data(bundle), BundleError, match)


def with_member(bundle: bytes, name: str, content: bytes, kind: str = "file") -> bytes:
    """Add a member that the manifest knows, as only somebody who means harm would."""
    members = unpack(bundle)
    document = json.loads(members.pop(MANIFEST_MEMBER))
    digest = hashlib.sha256(content).hexdigest()
    more = {"name": name, "kind": kind, "size": len(content), "sha256": digest, "mode": 0o644}
    document["members"].append({**more, "mtime_ns": 0, "details": {}})
    return pack({**members, name: content, MANIFEST_MEMBER: signed(document)})


def test_a_folder_with_content(session: Session, bundle: bytes) -> None:
    data = with_member(bundle, "files/home/x/", b"content", "directory")
    refused(session, data, DamagedBundleError, "folder with content")


def test_a_database_below_a_link_of_the_other_tree(session: Session, bundle: bytes) -> None:
    database = unpack(bundle)["databases/home/app.db"]
    data = with_member(bundle, "databases/home/link/x.db", database, "database")
    refused(session, data, UnsafeBundleError, "stands below")


def test_a_file_and_a_database_of_one_name(session: Session, bundle: bytes) -> None:
    data = with_member(bundle, "files/home/APP.db", b"x")
    refused(session, data, UnsafeBundleError, "would be one file with")


@pytest.mark.parametrize("suffix", ["-journal", "-wal", "-shm"])
def test_a_journal_that_would_be_replayed(session: Session, bundle: bytes, suffix: str) -> None:
    data = with_member(bundle, f"files/home/app.db{suffix}", b"x")
    refused(session, data, UnsafeBundleError, "replayed")


def test_a_journal_for_a_database_that_is_here(session: Session, bundle: bytes) -> None:
    data = with_member(bundle, "files/home/mine.db-journal", b"x")
    session.clear()
    make_database(session.home / "mine.db")
    report = session.load(data)
    assert [skipped.path for skipped in report.skipped] == ["~/mine.db-journal"]
    assert not (session.home / "mine.db-journal").exists()


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + bytes(1008)])
def test_a_database_that_is_none(session: Session, bundle: bytes, content: bytes) -> None:
    data = with_member(bundle, "databases/home/bad.db", content, "database")
    refused(session, data, DamagedBundleError, "bad.db.*no database")


@pytest.mark.parametrize(
    ("edit", "error", "match"),
    [
        (lambda d: d.update(version=2), NewerFormatError, "version 2"),
        (lambda d: d.update(version=0), DamagedBundleError, "version"),
        (lambda d: d.update(version=True), DamagedBundleError, "version"),
        (lambda d: d.update(format="other"), DamagedBundleError, "format"),
        (lambda d: d.update(members={}), DamagedBundleError, "members"),
        (lambda d: d.pop("scope"), DamagedBundleError, "scope"),
        (lambda d: d.update(generator={"a": 1}), DamagedBundleError, "text"),
        (lambda d: d.update(created="\ud800"), DamagedBundleError, "text"),
        (lambda d: d["members"].append("x"), DamagedBundleError, "objects"),
        (lambda d: d["members"][0].update(kind="fifo"), DamagedBundleError, "fifo"),
        (lambda d: d["members"][0].update(mode=-1), DamagedBundleError, "impossible"),
        (lambda d: d["members"][0].update(mtime_ns=2**70), DamagedBundleError, "impossible"),
        (lambda d: d["members"][0].update(sha256="x"), DamagedBundleError, "SHA-256"),
        (lambda d: d["members"][0].update(size=1.5), DamagedBundleError, "size"),
        (lambda d: d["members"].pop(), DamagedBundleError, "digest"),
        (lambda d: d.update(content_digest="0" * 64), DamagedBundleError, "digest"),
    ],
)
def test_bad_manifests(
    session: Session, bundle: bytes, edit: Any, error: type[BundleError], match: str
) -> None:
    refused(session, edited(bundle, edit), error, match)


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"a":'])
def test_a_manifest_that_is_not_one(session: Session, bundle: bytes, data: bytes) -> None:
    refused(session, pack({**unpack(bundle), MANIFEST_MEMBER: data}), DamagedBundleError)


@pytest.mark.parametrize(
    "limits",
    [Limits(members=2), Limits(total_bytes=5000), Limits(ratio=2), Limits(manifest_bytes=10)],
    ids=["members", "total", "ratio", "manifest"],
)
def test_limits(session: Session, limits: Limits) -> None:
    (session.home / "zeros").write_bytes(bytes(3 << 20))
    (session.home / "a").touch()
    (session.home / "b").touch()
    bundle, _ = session.save()
    with pytest.raises(UnsafeBundleError, match="the limit is"):
        Reader(io.BytesIO(bundle), limits=limits)
    with Reader(io.BytesIO(bundle)) as reader:
        reader.verify()
