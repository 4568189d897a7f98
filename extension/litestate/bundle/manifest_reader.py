"""Reading and checking of a manifest from an untrusted bundle."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

from ..errors import DamagedBundleError, NewerFormatError
from .manifest import (
    FORMAT,
    JOURNAL_MODES,
    KERNEL_KINDS,
    MANIFEST_MEMBER,
    VERSION,
    Kind,
    Manifest,
    Member,
    Scope,
    Skipped,
)
from .member_names import check
from .strict_json import TooDeepError, brackets_of, parse
from .variable_members import group_problem, name_problem

_DEPTH = 16
"""Levels of nesting that a manifest may have; version 2 has six."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""An escaped half of a character in JSON, which no file name, hash or terminal accepts."""

_SHA256 = re.compile("[0-9a-f]{64}")
_BRACKETS, _BRACKETS_OF_ENTRY = 1_000_000, 16
"""Brackets that a manifest may hold, and more for each entry. An empty list takes two bytes in JSON
and sixty in memory."""

_CRC32 = re.compile("[0-9a-f]{8}")

_TIME_LIMIT = 2**63
"""Nanoseconds: the bound of a 64-bit time (the year 2262)."""


def read_manifest(data: bytes, entries: int = 0) -> Manifest:
    """Read and check a manifest.

    Parameters
    ----------
    data : bytes
        JSON as in ``docs/bundle-format.md``, section 4.
    entries : int, optional
        Number of entries in the archive.

    Raises
    ------
    NewerFormatError
        For a format version above `litestate.bundle.manifest.VERSION`.
    DamagedBundleError
        For anything else that breaks ``docs/bundle-format.md``.
    UnsafeBundleError
        For a member name that is not allowed.
    """
    document = _document(data, _BRACKETS + _BRACKETS_OF_ENTRY * entries)
    manifest = Manifest(
        created=_take(document, "created", str),
        notebook=_take(document, "notebook", str, type(None)),
        generator=_generator(document),
        scope=_scope(_take(document, "scope", dict)),
        members=tuple(_member(item) for item in _take(document, "members", list)),
        skipped=tuple(_skipped(item) for item in _take(document, "skipped", list)),
    )
    if manifest.content_digest != _take(document, "content_digest", str):
        raise _damaged("its content digest does not match its list of members")
    _check_version(manifest, document["version"])
    return manifest


def _check_version(manifest: Manifest, version: int) -> None:
    if manifest.version != version:
        raise _damaged(f"its members are those of format version {manifest.version}, not {version}")
    if version == 1:
        return
    # These names were free in version 1.
    for member in manifest.members:
        if reason := name_problem(member.name, member.kind):
            raise _damaged(f"member {member.name!r} {reason}")
    if reason := group_problem(manifest.members):
        raise _damaged(reason)


def _damaged(what: str) -> DamagedBundleError:
    return DamagedBundleError(
        f"The bundle is damaged: {MANIFEST_MEMBER} cannot be used, {what}. Nothing was "
        "changed; use another copy of the file."
    )


def _document(data: bytes, brackets: int) -> dict[str, Any]:
    if len(brackets_of(data)) > brackets:
        raise _damaged("it holds far more than its members need")
    try:
        document = parse(data, _DEPTH, unique_keys=True)
    except TooDeepError as error:
        raise _damaged(str(error)) from None
    except ValueError as error:
        raise _damaged(f"it is not JSON ({error})") from None
    if _SURROGATE.search(data):
        _check_text(document)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _damaged(f'it does not say "format": "{FORMAT}"')
    version = _take(document, "version", int)
    if version > VERSION:
        raise NewerFormatError(
            f"The bundle has format version {version}; this litestate reads up to version "
            f"{VERSION}. "
            "Nothing was changed. Open it with a newer litestate."
        )
    if version < 1:
        raise _damaged(f"its format version is {version}")
    return document


def _check_text(document: Any) -> None:
    """Refuse lone surrogates anywhere, also in fields that this version of the format ignores."""
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _damaged("it holds something other than text where text belongs") from None


def _take(document: dict[str, Any], key: str, *types: type) -> Any:
    value = document.get(key)
    # bool is an int in Python, and never one in this format.
    if key not in document or isinstance(value, bool) or not isinstance(value, types):
        raise _damaged(
            f"{key!r} is missing or is not {' or '.join(kind.__name__ for kind in types)}"
        )
    return _text(value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _damaged("it holds something other than text where text belongs")
    return value


def _generator(document: dict[str, Any]) -> dict[str, str]:
    generator = _take(document, "generator", dict)
    return {_text(key): _text(value) for key, value in generator.items()}


def _strings(document: dict[str, Any], key: str) -> tuple[str, ...]:
    return tuple(_text(value) for value in _take(document, key, list))


def _scope(document: dict[str, Any]) -> Scope:
    named = _take(document, "paths", list, type(None))
    paths = None if named is None else _strings(document, "paths")
    for path in paths or ():
        check(path)
    return Scope(paths, _strings(document, "exclude"), _variables(document))


def _variables(document: dict[str, Any]) -> bool | tuple[str, ...]:
    considered = document.get("variables", False)
    return considered if isinstance(considered, bool) else _strings(document, "variables")


def _skipped(document: Any) -> Skipped:
    if not isinstance(document, dict):
        raise _damaged("'skipped' holds something other than objects")
    return Skipped(*(_take(document, key, str) for key in ("path", "reason", "advice", "place")))


def _member(document: Any) -> Member:
    if not isinstance(document, dict):
        raise _damaged("'members' holds something other than objects")
    member = Member(
        name=_take(document, "name", str),
        kind=_take(document, "kind", str),
        size=_take(document, "size", int),
        sha256=_take(document, "sha256", str),
        compressed_crc32=_take(document, "compressed_crc32", str),
        mode=_take(document, "mode", int),
        mtime_ns=_take(document, "mtime_ns", int),
        details=_take(document, "details", dict),
    )
    check(member.name)
    if reason := _member_problem(member):
        raise _damaged(f"member {member.name!r} {reason}")
    return member


def _member_problem(member: Member) -> str | None:
    if member.kind not in get_args(Kind):
        return f"is of the unknown kind {member.kind!r}"
    if reason := _place_problem(member):
        return reason
    if member.size < 0 or not 0 <= member.mode <= 0o7777 or abs(member.mtime_ns) >= _TIME_LIMIT:
        return "has an impossible size, mode or time"
    if member.kind == "directory" and member.size:
        return "is a folder with content"
    if not _SHA256.fullmatch(member.sha256):
        return "has no SHA-256"
    if not _CRC32.fullmatch(member.compressed_crc32):
        return "has no CRC-32"
    return _details_problem(member)


def _place_problem(member: Member) -> str | None:
    if member.kind in KERNEL_KINDS:
        return name_problem(member.name, member.kind)
    folder = "databases" if member.kind == "database" else "files"
    parts = member.name.removesuffix("/").split("/")
    if len(parts) < 3 or parts[0] != folder:
        return f"is a {member.kind} and does not stand in {folder}/<root>/"
    if member.name.endswith("/") != (member.kind == "directory"):
        return "has a name that does not fit its kind"
    return None


def _details_problem(member: Member) -> str | None:
    tables = member.details.get("tables", {})
    known = isinstance(tables, dict) and all(
        rows is None or type(rows) is int for rows in tables.values()
    )
    if not known or member.details.get("journal_mode", "delete") not in JOURNAL_MODES:
        return "has details that cannot be understood"
    return None
