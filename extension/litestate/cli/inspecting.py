"""``inspect`` and ``verify``: look at one bundle, or at two hundred."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence

from .. import loading, progress
from ..bundle import Limits
from ..loading import open_bundle
from ..manifest import KEPT_KINDS, Manifest
from ..parts.databases import tables_text
from ..report.words import printable, size_text
from . import columns, kept, listing, output, wording
from .facts import Facts, look
from .finding import Found, Search, find, is_folder


def inspect(options: argparse.Namespace) -> int:
    """Run ``litestate inspect``."""
    if _is_one_file(options.bundles) and not options.csv:
        return _inspect_one(options)
    search = find(options.bundles, recursive=options.recursive)
    looked = _looked(search.found, verify=options.verify, limits=_limits(options))
    if options.json:
        return _as_json(looked, search)
    if options.csv:
        return _as_csv(looked, search)
    table = columns.layout(one.name for one in search.found)
    output.say(table.head)
    every = []
    for facts in looked:
        output.say(table.line(facts))
        every.append(facts)
    _sum_up(every, search, verified=options.verify)
    return _code(every)


def verify(options: argparse.Namespace) -> int:
    """Run ``litestate verify``."""
    is_one = _is_one_file(options.bundles)
    search = find(options.bundles, recursive=options.recursive)
    every = []
    for facts in _looked(search.found, verify=True, limits=_limits(options)):
        every.append(facts)
        name, mark = printable(facts.name), columns.MARKS[facts.status]
        if facts.problem:
            reason = facts.problem if is_one else wording.short(facts.problem)
            output.say(f"{mark:<5}{name}: {reason}")
        elif not options.quiet:
            digest = facts.digest if options.long else facts.digest[: columns.DIGITS]
            output.say(f"{mark:<5}{name}  {digest}")
    if not is_one:
        _sum_up(every, search, verified=True)
    return _code(every)


def _sum_up(every: Sequence[Facts], search: Search, *, verified: bool) -> None:
    output.say(*listing.copies(every))
    output.say(listing.last_line(every, verified=verified, aside=search.aside_text))


def _limits(options: argparse.Namespace) -> Limits | None:
    return wording.NO_LIMITS if options.no_limits else None


def _is_one_file(sources: Sequence[str]) -> bool:
    return len(sources) == 1 and not is_folder(sources[0])


def _looked(found: Sequence[Found], *, verify: bool, limits: Limits | None) -> Iterator[Facts]:
    # On a terminal the lines that come are progress enough, and a bar would stand between them.
    total = 0 if sys.stdout.isatty() else len(found)
    with progress.shown("Reading", total, "bundle") as advance:
        for one in found:
            yield look(one, verify=verify, limits=limits)
            advance(1)


def _code(every: Sequence[Facts]) -> int:
    return 1 if any(facts.problem for facts in every) else 0


def _as_csv(looked: Iterator[Facts], search: Search) -> int:
    every = list(looked)
    if output.is_file_of_utf8():
        # Without this mark, Excel takes UTF-8 for the system's older encoding: "MÃ¼ller".
        output.write("\ufeff")
    output.say(*listing.csv_lines(every))
    _mention(search)
    return _code(every)


def _mention(search: Search) -> None:
    # Beside what programs read, not in it.
    if search.aside_text:
        output.complain(search.aside_text)


def _as_json(looked: Iterator[Facts], search: Search) -> int:
    code, start = 0, "["
    for facts in looked:
        # One by one: two hundred manifests need not be in memory together.
        output.write(f"{start}\n{output.json_text(listing.json_object(facts))}")
        code, start = max(code, _code([facts])), ","
    output.write("\n]\n")
    _mention(search)
    return code


def _inspect_one(options: argparse.Namespace) -> int:
    with open_bundle(options.bundles[0], _limits(options)) as (reader, label):
        manifest = reader.manifest
        signed = kept.signed_by(reader)
        if options.verify:
            loading.verify(reader, label)
    if options.json:
        output.say_json(json.loads(manifest.to_json()))
    else:
        output.say(*_table(manifest, signed, verified=options.verify))
    return 0


def _table(manifest: Manifest, signed: kept.Signed, *, verified: bool) -> list[str]:
    made_by = ", ".join(f"{name} {version}" for name, version in manifest.generator.items())
    lines = [f"created  {manifest.created}", f"by       {made_by}"]
    if manifest.notebook:
        lines.append(f"notebook {manifest.notebook}")
    lines.append(f"digest   {manifest.content_digest}")
    lines += kept.heads(manifest, signed)
    if verified:
        lines.append("status   ok: every byte is as the manifest says")
    lines.append("")
    for member in manifest.members:
        if member.kind in KEPT_KINDS:
            continue
        detail = tables_text(member.details["tables"]) if "tables" in member.details else ""
        size = size_text(member.size) if member.kind in ("file", "database") else ""
        lines.append(f"{member.kind:<10}{size:>9}  {member.place}  {detail}".rstrip())
    lines += kept.lines(manifest)
    lines += [f"not saved: {item.path}: {item.reason}" for item in manifest.skipped]
    return lines
