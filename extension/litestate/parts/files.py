"""The part for files, folders and symbolic links."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from .. import sqlite
from ..bundle import CHUNK, Writer
from ..bundle.manifest import Kind, Member
from ..errors import SaveError
from ..files.survey_items import Item, Survey
from ..report import Line, Section
from ..transaction.changes import set_attributes
from ..transaction.plan import Plan, Target, Verdict
from .protocol import Loadable, LoadRequest

TITLE = "files"
_GROWS_SLOWLY = 1 << 20
"""Bytes. A larger file in the browser's memory grows by an eighth, and is copied each time
(MEMFS.expandFileStorage of Emscripten)."""

KINDS: tuple[Kind, ...] = ("file", "directory", "symlink")


def describe(survey: Survey) -> Section:
    """Report what would be saved."""
    section = Section(TITLE, skipped=list(survey.skipped))
    section.lines = [_line(item, item.size) for item in survey.of(*KINDS)]
    return section


def capture(survey: Survey, sink: Writer) -> Section:
    """Write files, folders and links into a bundle.

    Unreadable files are skipped and reported.
    """
    section = Section(TITLE, skipped=list(survey.skipped))
    for item in survey.of(*KINDS):
        try:
            content = _Content(item)
        except OSError as error:
            section.skip(item, f"it cannot be read ({error.strerror})", "Check its permissions.")
            continue
        with content:
            member = _add(sink, item, content)
        section.lines.append(_line(item, member.size))
        if item.kind == "file" and not item.root.is_unmended and _has_changed(item, member.size):
            section.warnings.append(
                f"{item.label} changed while it was saved. Save again if it matters."
            )
    return section


def apply(source: Loadable, wanted: LoadRequest, plan: Plan) -> Section:
    """Compare files, folders and links with the present ones, and stage those that differ."""
    section = Section(TITLE)
    targets = [target for target in wanted.targets if target.member.kind in KINDS]
    # Folders first, outer before inner.
    for target in sorted(
        targets, key=lambda target: (target.member.kind != "directory", target.member.name)
    ):
        plan.make_way(target)
        verdict = _compare(source, target)
        if target.member.kind == "directory" and verdict != "unchanged":
            plan.make_folder(target.root, target.path)
        if not plan.dry_run:
            _stage(source, target, plan, verdict)
        section.lines.append(
            Line(target.label, target.member.kind, target.member.size, verdict=verdict)
        )
    return section


class _Content:
    """The content of one item, opened before its member begins.

    Attributes
    ----------
    size : int
        Expected size in bytes.
    """

    def __init__(self, item: Item) -> None:
        self._label = item.label
        self._link = item.target.encode()
        self._file: BinaryIO | None = None
        self._first = b""
        self.size = item.size
        # An empty file may be a database with its first transaction open. Opening it would drop
        # its locks (see sqlite/connections.py).
        if item.kind == "file" and (item.size or item.root.is_unmended):
            self._open(item)

    def _open(self, item: Item) -> None:
        self._file = item.path.open("rb")
        try:
            # An unmended drive has read all of it by now, and may have reported another size.
            self._first = self._file.read(-1 if item.root.is_unmended else CHUNK)
        except OSError:
            self._file.close()
            raise
        if item.root.is_unmended:
            self.size = len(self._first)

    def _more(self, size: int) -> bytes:
        try:
            return self._read(size)
        except OSError as error:
            # A part of it is in the bundle, so the bundle is useless.
            raise SaveError(
                f"{self._label} could not be read to its end ({error.strerror}). Nothing was "
                "saved. Leave it out with exclude=, or copy it first."
            ) from error

    def _read(self, size: int) -> bytes:
        return self._file.read(size) if self._file else b""

    def __enter__(self) -> _Content:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def __iter__(self) -> Iterator[bytes]:
        if self._link:
            yield self._link
        if self._file:
            left, chunk = self.size, self._first
            # Never more than expected: a growing file must not outgrow its ZIP fields.
            while chunk and left:
                yield chunk[:left]
                left -= min(left, len(chunk))
                chunk = self._more(min(CHUNK, left))


def write_new(path: Path, chunks: Iterable[bytes], size: int) -> None:
    """Write a new file of known size, which avoids slow growth in the browser's memory."""
    with path.open("xb", buffering=0) as file:
        if size > _GROWS_SLOWLY:
            file.truncate(size)
        for chunk in chunks:
            # The system may write fewer bytes at once.
            view = memoryview(chunk)
            while view:
                view = view[file.write(view) :]


def _add(sink: Writer, item: Item, content: _Content) -> Member:
    return sink.add(
        item.member,
        item.kind,
        content,
        size=content.size,
        mode=item.mode,
        mtime_ns=item.mtime_ns,
    )


def _line(item: Item, size: int) -> Line:
    return Line(
        item.label,
        item.kind,
        size if item.kind == "file" else 0,
        detail=f"→ {item.target}" if item.target else "",
    )


def _has_changed(item: Item, size: int) -> bool:
    if size != item.size:
        return True
    try:
        return item.path.lstat().st_mtime_ns != item.mtime_ns
    except OSError:
        return True


def _compare(source: Loadable, target: Target) -> Verdict:
    path, member = target.path, target.member
    if not os.path.lexists(path):
        return "added"
    if member.kind == "directory":
        return "unchanged" if path.is_dir() and not path.is_symlink() else "changed"
    if member.kind == "symlink":
        same = path.is_symlink() and os.fsencode(path.readlink()) == source.content(member)
        return "unchanged" if same else "changed"
    return "unchanged" if _has_content(source, path, member) else "changed"


def _has_content(source: Loadable, path: Path, member: Member) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != member.size:
        return False
    if sqlite.is_database(path, member.size):
        return False
    if not member.size:
        return True
    with path.open("rb") as file:
        return source.matches(member, iter(lambda: file.read(CHUNK), b""))


def _stage(source: Loadable, target: Target, plan: Plan, verdict: Verdict) -> None:
    kind = target.member.kind
    if verdict != "unchanged" and kind != "directory":
        staged = plan.new_path(target.root, target.path)
        (_stage_link if kind == "symlink" else _stage_file)(source, target, staged)
        plan.replace(target.root, target.path, staged)
    if kind == "directory" or (kind == "file" and verdict == "unchanged"):
        plan.set_attributes(target)


def _stage_link(source: Loadable, target: Target, staged: Path) -> None:
    staged.symlink_to(source.content(target.member).decode())


def _stage_file(source: Loadable, target: Target, staged: Path) -> None:
    write_new(staged, source.chunks(target.member), target.member.size)
    if not target.root.is_unmended:
        set_attributes(staged, target.member.mode, target.member.mtime_ns)
