"""``inspect`` and ``verify``: look at one bundle, or at two hundred."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence

from .. import loading, progress
from ..loading import open_bundle
from ..manifest import Manifest
from ..parts.databases import tables_text
from ..report.words import printable, size_text
from ..sources import expanded
from . import listing, output
from .facts import Facts, look
from .finding import Found, find


def inspect(options: argparse.Namespace) -> int:
    """Run ``litestate inspect``."""
    if _is_one_file(options.bundles) and not options.csv:
        return _inspect_one(options)
    found = find(options.bundles, recursive=options.recursive)
    if options.json:
        return _as_json(_looked(found, verify=options.verify))
    if options.csv:
        every = list(_looked(found, verify=options.verify))
        output.say(*listing.csv_lines(every))
        return _code(every)
    width = listing.width_of(one.name for one in found)
    output.say(listing.head(width))
    every = []
    for facts in _looked(found, verify=options.verify):
        output.say(listing.line(facts, width))
        every.append(facts)
    output.say(listing.last_line(every, verified=options.verify))
    return _code(every)


def verify(options: argparse.Namespace) -> int:
    """Run ``litestate verify``."""
    every = []
    for facts in _looked(find(options.bundles, recursive=options.recursive), verify=True):
        every.append(facts)
        name = printable(facts.name)
        if facts.problem:
            output.say(f"BAD  {name}: {facts.problem}")
        elif not options.quiet:
            output.say(f"ok   {name}  {facts.digest}")
    if not _is_one_file(options.bundles):
        output.say(listing.last_line(every, verified=True))
    return _code(every)


def _is_one_file(sources: Sequence[str]) -> bool:
    return len(sources) == 1 and not expanded(sources[0]).is_dir()


def _looked(found: Sequence[Found], *, verify: bool) -> Iterator[Facts]:
    # On a terminal the lines that come are progress enough, and a bar would stand between them.
    total = 0 if sys.stdout.isatty() else len(found)
    with progress.shown("Reading", total, "bundle") as advance:
        for one in found:
            yield look(one, verify=verify)
            advance(1)


def _code(every: Sequence[Facts]) -> int:
    return 1 if any(facts.problem for facts in every) else 0


def _as_json(looked: Iterator[Facts]) -> int:
    code, start = 0, "["
    for facts in looked:
        # One by one: two hundred manifests need not be in memory together.
        output.write(f"{start}\n{output.json_text(listing.json_object(facts))}")
        code, start = max(code, _code([facts])), ","
    output.write("\n]\n")
    return code


def _inspect_one(options: argparse.Namespace) -> int:
    with open_bundle(options.bundles[0]) as (reader, label):
        manifest = reader.manifest
        if options.verify:
            loading.verify(reader, label)
    if options.json:
        output.say_json(json.loads(manifest.to_json()))
    else:
        output.say(*_table(manifest, verified=options.verify))
    return 0


def _table(manifest: Manifest, *, verified: bool) -> list[str]:
    made_by = ", ".join(f"{name} {version}" for name, version in manifest.generator.items())
    lines = [f"created  {manifest.created}", f"by       {made_by}"]
    if manifest.notebook:
        lines.append(f"notebook {manifest.notebook}")
    lines.append(f"digest   {manifest.content_digest}")
    if verified:
        lines.append("status   ok: every byte is as the manifest says")
    lines.append("")
    for member in manifest.members:
        detail = tables_text(member.details["tables"]) if "tables" in member.details else ""
        size = size_text(member.size) if member.kind in ("file", "database") else ""
        lines.append(f"{member.kind:<10}{size:>9}  {member.place}  {detail}".rstrip())
    lines += [f"not saved: {item.path}: {item.reason}" for item in manifest.skipped]
    return lines
