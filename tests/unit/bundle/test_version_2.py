"""Format version 2: groups of members, signatures, and refused bundles."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from handmade_bundles import Piece, build, edited, pieces_of, signed, with_checksums, with_member
from litestate import trust
from litestate.bundle import Limits, Reader, Writer
from litestate.bundle.manifest import (
    MANIFEST_MEMBER,
    SIGNATURE_BYTES,
    SIGNATURE_MEMBER,
    Manifest,
    Scope,
    content_digest,
)
from litestate.bundle.variable_members import GRAPH, group_member, key_of, variables_of
from litestate.checkpoints.differences import differ, differences
from litestate.checkpoints.store.chunks import Content
from litestate.checkpoints.store.entries import Entry
from litestate.errors import (
    BundleError,
    DamagedBundleError,
    ForgedBundleError,
    NewerFormatError,
    UnsafeBundleError,
)
from litestate.host.roots import Roots
from litestate.report import Line, count_text, outcome_text
from version_2_bundles import STRANGER, Sign, about, add_group, as_version_2

Document = dict[str, Any]
Edit = Callable[[Document], object]

VALUES, TABLE = (group_member(key, GRAPH) for key in ("values", "a-1"))


def read(data: bytes, limits: Limits | None = None) -> Reader:
    reader = Reader(io.BytesIO(data), limits=limits)
    reader.verify()
    return reader


def judged(data: bytes) -> trust.Verdict:
    reader = read(data)
    return trust.judge(reader.signature, reader.manifest_bytes)


def resealed(data: bytes, edit: Edit) -> bytes:
    """Change the manifest, and recompute its digest."""

    def change(document: Document) -> None:
        edit(document)
        document.update(json.loads(signed(document)))

    return edited(data, change)


def member(document: Document, name: str) -> Document:
    [found] = [each for each in document["members"] if each["name"] == name]
    return found


def without(data: bytes, name: str) -> bytes:
    """Remove a member, also from the manifest."""
    pieces = pieces_of(data)
    del pieces[name]
    manifest = pieces[MANIFEST_MEMBER]
    document = json.loads(manifest.content)
    document["members"].remove(member(document, name))
    manifest.content = signed(document)
    return build([*pieces.values()])


def with_signature(data: bytes, content: bytes, **options: Any) -> bytes:
    pieces = pieces_of(data)
    pieces[SIGNATURE_MEMBER] = Piece(SIGNATURE_MEMBER, content, **options)
    manifest = pieces.pop(MANIFEST_MEMBER)
    return build([*pieces.values(), manifest])


def refuse(data: bytes, match: str | None, error: type[BundleError] = DamagedBundleError) -> None:
    with pytest.raises(error, match=match):
        read(data)


def test_the_members_of_a_version_2_bundle() -> None:
    reader = read(as_version_2())
    manifest = reader.manifest
    assert manifest.version == 2
    assert json.loads(reader.manifest_bytes)["version"] == 2
    assert reader.signature == STRANGER
    assert [(m.kind, m.root, m.relative, m.place) for m in manifest.members] == [
        ("variables", "variables", "values/graph.json", "variables/values/graph.json"),
        ("variables", "variables", "a-1/graph.json", "variables/a-1/graph.json"),
        ("variables", "variables", "a-1/0.bin", "variables/a-1/0.bin"),
        ("variables", "variables", "a-1/1.bin", "variables/a-1/1.bin"),
        ("variables", "variables", "a-1/0.pickle", "variables/a-1/0.pickle"),
        ("packages", "packages", "installed.json", "packages/installed.json"),
        ("session", "session", "session.json", "session/session.json"),
    ]
    assert {key_of(m) for m in manifest.members} == {"values", "a-1", None}
    assert variables_of(manifest.members) == {
        "answer": about("int", "42"),
        "greeting": about("str", "'hello'"),
        "table": about("NoneType", "None"),
    }
    assert manifest.content_digest == content_digest(manifest.members)


def test_files_alone_are_version_1_and_not_signed(bundle: bytes) -> None:
    """Files and databases need no trust."""
    file = io.BytesIO()
    with Writer(file) as writer:
        writer.add("files/home/a", "file", [b"a"], size=1)
        writer.finish(
            Manifest("now", None, {}, Scope(), writer.members),
            lambda _: pytest.fail("it was asked for"),
        )
    assert read(file.getvalue()).manifest.version == 1


@pytest.mark.parametrize(("version", "error"), [(1, DamagedBundleError), (3, NewerFormatError)])
def test_another_version(version: int, error: type[BundleError]) -> None:
    data = edited(as_version_2(sign=None), lambda d: d.update(version=version))
    refuse(data, f"version {version}" if version == 3 else "version 2, not 1", error)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("variables/values/graph.json", "file"),
        ("files/home/graph.json", "variables"),
        ("variables/graph.json", "variables"),
        ("variables/a/b/graph.json", "variables"),
        ("variables/a/graph.json/", "variables"),
        ("variables/a/graph.txt", "variables"),
        ("variables/a/01.bin", "variables"),
        ("variables/a/-1.bin", "variables"),
        ("variables/a/1e1.pickle", "variables"),
        ("variables/a/٣.bin", "variables"),
        ("variables/a b/graph.json", "variables"),
        ("variables/é/graph.json", "variables"),
        (f"variables/{'k' * 101}/graph.json", "variables"),
        ("packages/other.json", "packages"),
        ("session/session.json", "packages"),
        ("session/../session.json", "session"),
        ("files/variables/a/graph.json", "file"),
        ("files/session/", "directory"),
        ("databases/packages/installed.json", "database"),
        ("variables/VALUES/graph.json", "variables"),
        ("Session/session.json", "session"),
    ],
)
def test_other_names(name: str, kind: str) -> None:
    refuse(with_member(as_version_2(sign=None), name, b"{}", kind), None, BundleError)
    file = io.BytesIO()
    with Writer(file) as writer:
        add_group(writer, "values", {})
        assert writer.problem(name, kind)  # type: ignore[arg-type]


def test_their_names_were_free_in_version_1() -> None:
    file = io.BytesIO()
    with Writer(file) as writer:
        writer.finish(Manifest("now", None, {}, Scope(), ()))
    data = with_member(file.getvalue(), "files/session/session.json", b"{}")
    assert read(data).manifest.version == 1


@pytest.mark.parametrize(
    ("name", "match"),
    [
        (TABLE, "have no graph.json"),
        ("variables/a-1/0.bin", "needs 2 buffers"),
        ("variables/a-1/1.bin", "needs 2 buffers"),
        ("variables/a-1/0.pickle", "needs 1 pickles"),
    ],
)
def test_a_part_of_a_group_is_missing(name: str, match: str) -> None:
    refuse(without(as_version_2(sign=None), name), match)


@pytest.mark.parametrize("name", ["2.bin", "3.bin", "1.pickle", "999999999.pickle"])
def test_an_extra_part(name: str) -> None:
    refuse(with_member(as_version_2(sign=None), f"variables/a-1/{name}", b"", "variables"), "needs")


def test_parts_that_are_not_counted_from_0() -> None:
    data = without(as_version_2(sign=None), "variables/a-1/1.bin")
    refuse(with_member(data, "variables/a-1/2.bin", b"", "variables"), "needs 2 buffers")


def test_a_group_has_nothing_to_do_with_a_root_of_its_name() -> None:
    file = io.BytesIO()
    with Writer(file) as writer:
        writer.add("files/home/graph.json", "file", [b"a"], size=1)
        add_group(writer, "home", {"x": 1})
        writer.finish(Manifest("now", None, {}, Scope(), writer.members))
    assert len(read(file.getvalue()).manifest.members) == 2


def test_a_group_of_parts_only() -> None:
    data = with_member(as_version_2(sign=None), "variables/new/0.bin", b"", "variables")
    refuse(data, r"have no graph\.json")


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"names": {}, "pickles": 0},
        {"names": [], "pickles": 0, "buffers": 0},
        {"names": {"x": None}, "pickles": 0, "buffers": 0},
        {"names": {"x": {}}, "pickles": 0, "buffers": 0},
        {"names": {"x": about("int", "1") | {"size": True}}, "pickles": 0, "buffers": 0},
        {"names": {"x": about("int", "1", -1)}, "pickles": 0, "buffers": 0},
        {"names": {"x": about("int", "1") | {"type": 1}}, "pickles": 0, "buffers": 0},
        {"names": {"x": about("int", "1") | {"text": None}}, "pickles": 0, "buffers": 0},
        {"names": {}, "pickles": -1, "buffers": 0},
        {"names": {}, "pickles": 0, "buffers": False},
        {"names": {}, "pickles": 0, "buffers": 0.0},
    ],
)
def test_malformed_details(details: Document) -> None:
    def edit(document: Document) -> None:
        member(document, VALUES)["details"] = details

    refuse(resealed(as_version_2(sign=None), edit), "details that cannot be understood")


@pytest.mark.parametrize("key", ["pickles", "buffers"])
def test_more_parts_than_there_can_be(key: str) -> None:
    def edit(document: Document) -> None:
        member(document, VALUES)["details"][key] = 10**18

    refuse(resealed(as_version_2(sign=None), edit), "needs 1,000,000,000,000,000,000")


@pytest.mark.parametrize(
    "name", ["", "1", "a b", "a.b", "x\n", "__builtins__", "__name__", "x;y", "()", "𝟏"]
)
def test_invalid_names_of_variables(name: str) -> None:
    def edit(document: Document) -> None:
        member(document, VALUES)["details"]["names"][name] = about("int", "1")

    refuse(resealed(as_version_2(sign=None), edit), "not a variable name")


def test_a_variable_in_two_groups() -> None:
    def edit(document: Document) -> None:
        member(document, VALUES)["details"]["names"]["table"] = about("int", "1")

    refuse(resealed(as_version_2(sign=None), edit), "both have the variable 'table'")


def test_the_writer_refuses_a_variable_in_two_groups() -> None:
    with Writer(io.BytesIO()) as writer:
        add_group(writer, "one", {"x": 1})
        add_group(writer, "two", {"x": 1})
        with pytest.raises(UnsafeBundleError, match="both have the variable 'x'"):
            writer.finish(Manifest("now", None, {}, Scope(), writer.members))


def test_unknown_details_are_for_newer_readers() -> None:
    def edit(document: Document) -> None:
        member(document, VALUES)["details"]["more"] = 1

    assert read(resealed(as_version_2(sign=None), edit))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\xff" * SIGNATURE_BYTES,
        b"[" * SIGNATURE_BYTES,
        b" " * (1 << 20),
        STRANGER.to_json().replace(b"key", b"Key"),
        STRANGER.to_json().replace(b"f" * 64, b"F" * 64),
        STRANGER.to_json() + b" ",
        json.dumps({"key": STRANGER.key, "hmac_sha256": 64 * "f"}, indent=1).encode(),
    ],
)
def test_an_invalid_signature(content: bytes) -> None:
    refuse(with_signature(as_version_2(sign=None), content), r"signature\.json")


@pytest.mark.parametrize("method", [8, 93])
def test_a_signature_that_is_compressed(method: int) -> None:
    refuse(with_signature(as_version_2(sign=None), STRANGER.to_json(), method=method), "signature")


def test_a_signature_elsewhere() -> None:
    pieces = pieces_of(as_version_2())
    first, signature, *others = (
        pieces.pop("mimetype"),
        pieces.pop(SIGNATURE_MEMBER),
        *pieces.values(),
    )
    refuse(
        build([first, signature, *others]), "not stored the way that a bundle stores a signature"
    )
    manifest = others.pop()
    assert read(build([first, *others, signature, manifest])).signature == STRANGER
    refuse(build([first, *others, manifest, signature]), "first and last entry")


def test_two_signatures() -> None:
    pieces = [*pieces_of(as_version_2()).values()]
    again = [*pieces[:-1], pieces[-2], pieces[-1]]
    refuse(build(again), "two members of one name", UnsafeBundleError)


def test_a_signature_of_version_1(bundle: bytes) -> None:
    refuse(with_signature(bundle, STRANGER.to_json()), "not in the manifest")


def test_a_signature_that_the_manifest_lists() -> None:
    data = with_member(as_version_2(sign=None), SIGNATURE_MEMBER, STRANGER.to_json(), "session")
    refuse(data, "is not a name for session")


@pytest.mark.parametrize("sign", [None, lambda _: STRANGER])
def test_a_signature_is_not_a_member(sign: Sign | None) -> None:
    data = as_version_2(sign=sign)
    assert len(read(data, Limits(members=7)).manifest.members) == 7
    for limit in (6, 5, 0):
        with pytest.raises(UnsafeBundleError, match=rf"it has [78] members, the limit is {limit}"):
            read(data, Limits(members=limit))


def test_the_signature_of_a_bundle() -> None:
    assert judged(as_version_2(sign=trust.Signer())) == "own"
    assert judged(as_version_2(sign=None)) == "stranger"
    assert judged(as_version_2()) == "stranger"


def test_a_removed_signature() -> None:
    pieces = pieces_of(as_version_2(sign=trust.Signer()))
    del pieces[SIGNATURE_MEMBER]
    assert judged(build([*pieces.values()])) == "stranger"


def as_it_was(data: bytes) -> dict[str, Piece]:
    """Split a bundle into entries, and leave its manifest unchanged byte for byte."""
    pieces = pieces_of(data)
    pieces[MANIFEST_MEMBER] = Piece(MANIFEST_MEMBER, Reader(io.BytesIO(data)).manifest_bytes)
    return pieces


def test_the_signature_of_another_bundle() -> None:
    mine, other = (
        as_it_was(as_version_2(sign=trust.Signer(), values={"x": n}, compression="store"))
        for n in range(2)
    )
    assert judged(build([*mine.values()])) == "own"
    mine[SIGNATURE_MEMBER] = other[SIGNATURE_MEMBER]
    with pytest.raises(ForgedBundleError, match="the signature does not fit"):
        judged(build([*mine.values()]))


def test_a_manifest_that_was_changed_after_it_was_signed() -> None:
    data = as_version_2(sign=trust.Signer())
    for change in (
        edited(data, lambda d: d.update(created="then")),
        edited(data, lambda d: None),
        resealed(data, lambda d: member(d, VALUES)["details"]["names"].pop("answer")),
    ):
        with pytest.raises(ForgedBundleError):
            judged(change)


def test_a_pickle_that_was_changed_after_it_was_signed() -> None:
    pieces = as_it_was(as_version_2(sign=trust.Signer(), compression="store"))
    evil = b"cos\nsystem\n(S'echo'\ntR."
    pieces["variables/a-1/0.pickle"].content = evil
    # With the old manifest it is damaged, with a recomputed one forged.
    with pytest.raises(DamagedBundleError):
        judged(build([*pieces.values()]))
    manifest = pieces[MANIFEST_MEMBER]
    document = json.loads(with_checksums(manifest.content, [*pieces.values()]))
    found = member(document, "variables/a-1/0.pickle")
    found.update(size=len(evil), sha256=hashlib.sha256(evil).hexdigest())
    manifest.content = signed(document)
    with pytest.raises(ForgedBundleError):
        judged(build([*pieces.values()]))


def test_lines_of_variables() -> None:
    lines = [
        *(Line(name, "variable", 28, "int", "added") for name in ("x", "y")),
        Line("a.txt", "file", 1, verdict="added"),
        Line("session", "session", 0, verdict="changed"),
        Line("numpy", "package", 0, verdict="unchanged"),
    ]
    assert count_text(lines) == "1 file, 2 variables, 1 package, settings"
    assert (
        outcome_text(lines) == "1 file, 2 variables added; 1 package unchanged; settings restored"
    )


def entry(name: str, content: Content, **variables: str) -> Entry:
    kind, relative = name.split("/", 1)
    names = {each: about("int", text) for each, text in variables.items()}
    details = {"names": names, "pickles": 0, "buffers": 0} if variables else {}
    return Entry(kind, kind, relative, content.size, 0o644, 0, content, details)


def test_checkpoints_differ_by_variables() -> None:
    one, other, empty = Content(1, ()), Content(2, ()), Content(0, ())
    before = [
        entry("variables/values/graph.json", one, a="1", b="2", c="3"),
        entry("variables/k/graph.json", empty, x="[0]", y="[0]"),
        entry("variables/k/0.bin", one),
        entry("variables/gone/graph.json", empty, z="1"),
        entry("session/session.json", one),
    ]
    after = [
        entry("variables/values/graph.json", other, a="1", b="20", d="4"),
        entry("variables/k/graph.json", empty, x="[0]", y="[0]"),
        entry("variables/k/0.bin", other),
        entry("session/session.json", other),
    ]
    old, new = ({f"{e.root}/{e.relative}": e for e in each} for each in (before, after))
    assert differ(old, new)
    assert not differ(old, old)
    lines = differences(old, new, Roots(()))
    assert sorted((line.label, line.kind, line.verdict) for line in lines) == [
        ("b", "variable", "changed"),
        ("c", "variable", "removed"),
        ("d", "variable", "added"),
        ("settings", "session", "changed"),
        ("x", "variable", "changed"),
        ("y", "variable", "changed"),
        ("z", "variable", "removed"),
    ]
    assert not differences(old, old, Roots(()))
