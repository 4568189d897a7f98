"""The commands of the page about bundles."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, TypedDict

from ..errors import StorageError
from ..host import roots
from ..parts import LoadRequest
from ..report import Report
from ..state.bundle_files import bundle_name
from ..state.load import load_from, open_bundle, verify
from ..state.save import selected_variables
from ..trust import RESTRICTED, ajudge
from ..waiting import AWAITED
from .hand_in import gather_for_hand_in, notebook_file
from .kernel_session import UNDO
from .page_calls import Answer, Call
from .page_checkpoints import with_backup
from .page_contents import contents_json
from .page_reports import (
    ReportData,
    SectionData,
    SkippedData,
    name,
    report_json,
    skipped_json,
    waiting_json,
)
from .state import aload_state, asave_state, clear_state, save_found


class SavedData(TypedDict):
    """The outcome of ``save`` and ``hand_in``: the report, and bytes and digest of the bundle."""

    report: ReportData
    size: int
    digest: str


class LookData(TypedDict):
    """Origin and content of a bundle, and the changes that ``load`` would make.

    ``made`` is ``"own"`` (this browser signed it), ``"stranger"`` (another one did) or
    ``"unsigned"``. ``created`` is a time in ISO 8601. ``generator`` has the versions of what made
    it: ``litestate``, ``python``, ``platform`` and so on. ``contents`` says what is in it, part by
    part; ``missing`` what was left out when it was saved. ``changes`` is the dry run of ``load``
    without trust. ``waiting`` is what loads only with trust; each reason says what it would run.
    ``can_trust`` is False where nothing may be trusted; ``can_undo`` is False where ``undo`` could
    not take the load back, as in a second tab. Only ``made`` is verified: whoever made the bundle
    wrote the rest.
    """

    label: str
    size: int
    made: str
    created: str
    notebook: str | None
    generator: dict[str, str]
    digest: str
    contents: list[SectionData]
    missing: list[SkippedData]
    changes: ReportData
    waiting: list[SkippedData]
    can_trust: bool
    can_undo: bool


class LoadedData(TypedDict):
    """The outcome of ``load``; ``waiting`` as in `LookData`; whether ``undo`` takes it back."""

    report: ReportData
    waiting: list[SkippedData]
    undo: bool


async def save(call: Call) -> Answer:
    """Save the state or a checkpoint: `SavedData`, and the bundle."""
    which, file_name = call.which(), bundle_name(call.stem())
    if which is not None:
        await call.session()
    sink = call.sink()
    report = await asave_state(sink, checkpoint=which, **call.selection())
    return _saved(report, sink, file_name)


async def hand_in(call: Call) -> Answer:
    """Save this notebook, its files and its state, and nothing of other notebooks: `SavedData`."""
    notebook = notebook_file(call.text("path", 4_000), call.page)
    file_name = bundle_name(call.text("name") or notebook.stem)
    session = None
    with suppress(StorageError):
        session = await call.session()
    found = gather_for_hand_in(notebook, call.args.get("exclude", ()), session)
    sink = call.sink()
    report = await save_found(found, sink, None, "deflate", AWAITED)
    if session is None:
        report.sections[0].warnings.append(
            "It is not known which notebook wrote which file, so files of others may be in it."
        )
    return _saved(report, sink, file_name)


def _saved(report: Report, sink: Any, file_name: str) -> Answer:
    report.headline = report.headline.replace("Saved a bundle", f"Saved {file_name}", 1)
    result: SavedData = {
        "report": report_json(report),
        "size": report.size,
        "digest": report.digest,
    }
    return Answer(result, sink, file_name)


async def look(call: Call) -> Answer:
    """Verify a bundle, and report its origin, its content, and the effect of a load: `LookData`."""
    assert call.file is not None
    # Checked before the bundle is read, as a load does.
    call.flag("trust")
    wanted = _wanted(call)
    with open_bundle(call.file) as (reader, label):
        verify(reader, label)
        verdict = await ajudge(reader.signature, reader.manifest_bytes)
        reader.trusted = verdict == "own" and not RESTRICTED
        report = load_from(reader, label, roots.detect(), wanted)
        contents = contents_json(reader)
        manifest = reader.manifest
        is_signed = reader.signature is not None
    size = call.file.seek(0, os.SEEK_END)
    session = None
    with suppress(StorageError):
        session = await call.session()
    result: LookData = {
        "label": name(label),
        "size": size,
        "made": verdict if is_signed else "unsigned",
        "created": name(manifest.created),
        "notebook": None if manifest.notebook is None else name(manifest.notebook),
        "generator": {
            name(what): name(version) for what, version in list(manifest.generator.items())[:20]
        },
        "digest": manifest.content_digest,
        "contents": contents,
        "missing": skipped_json(manifest.skipped),
        "changes": report_json(report),
        "waiting": waiting_json(report),
        "can_trust": not RESTRICTED,
        "can_undo": session is not None and session.storage.writable,
    }
    return Answer(result)


def _wanted(call: Call) -> LoadRequest:
    chosen = call.selection()
    paths, variables = chosen.get("paths"), chosen.get("variables")
    return LoadRequest(
        paths,
        chosen.get("exclude", ()),
        selected_variables(variables, paths),
        call.flag("clean"),
        dry_run=True,
    )


async def load(call: Call) -> Answer:
    """Load a bundle: `LoadedData`."""
    trust, clean = call.flag("trust"), call.flag("clean")
    # So that it can be undone.
    with suppress(StorageError):
        await call.session()
    report = await aload_state(call.file, trust=trust, clean=clean, **call.selection())
    result: LoadedData = {
        "report": report_json(report),
        "waiting": waiting_json(report),
        "undo": any(note.startswith(UNDO) for note in report.notes),
    }
    if not result["undo"]:
        result["report"]["notes"].append("This cannot be undone.")
    return Answer(result)


async def clear(call: Call) -> Answer:
    """Save the state, then remove it: `ReportData`, and a bundle if there is no undo."""
    with suppress(StorageError):
        await call.session()
    return with_backup(clear_state(**call.selection()), call)
