"""``litestate inspect``: the content of one bundle, or a list of many."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from ..bundle.manifest import KERNEL_KINDS, Manifest
from ..bundle.variable_members import is_graph, variables_of
from ..parts.databases import tables_text
from ..platform import IN_BROWSER
from ..report.lines import size_text
from ..state import load
from ..state.load import open_bundle
from . import bundle_list, terminal
from .bundle_arguments import (
    Selection,
    add_bundles,
    add_no_limits,
    find_bundles,
    is_one_file,
    limits_of,
)
from .bundle_facts import Facts, Signed, exit_code, read_each, signed_by

NAME = "inspect"
HELP = "list the content of bundles"
EXAMPLES = """examples:
  litestate inspect state-2026-11-22.litestate.zip      all of its content
  litestate inspect hand-ins                            one line for each
  litestate inspect -r --verify hand-ins                ... and check every byte
  litestate inspect --csv --verify hand-ins > all.csv   for a spreadsheet
  litestate inspect --json state.litestate.zip          the manifest

--json gives the manifest of one bundle; of several, or of a folder, an array
of objects: bundle, status, problem, bundle_bytes, manifest.
Without --verify only the tables of contents are read and checked.
A terminal that is too narrow shows less; files and pipes get all of it.
????: it could not be read here (status "unknown"), for a reason that is not
its own: a newer format, no Zstandard, a server that does not answer, a limit.
exit code: 0 if all could be read, 1 if one is bad or unknown
"""

_SIGNED: dict[Signed, str] = {
    "own": f"by this {'browser' if IN_BROWSER else 'computer'}",
    "other": "by another browser or computer",
    "no": "not signed",
    "forged": "FORGED",
}


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``inspect``."""
    add_bundles(command)
    add_no_limits(command)
    command.add_argument("--verify", action="store_true", help="check every byte, too")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs")
    form.add_argument("--csv", action="store_true", help="for a spreadsheet, a row for each bundle")


def run(options: argparse.Namespace) -> int:
    """Run ``litestate inspect``."""
    if is_one_file(options.bundles) and not options.csv:
        return _inspect_one(options)
    selection = find_bundles(options.bundles, recursive=options.recursive)
    facts = read_each(selection.bundles, verify=options.verify, limits=limits_of(options))
    if options.json:
        return _print_json(facts, selection)
    if options.csv:
        return _print_csv(facts, selection)
    return _print_table(facts, selection, verified=options.verify)


def _inspect_one(options: argparse.Namespace) -> int:
    with open_bundle(options.bundles[0], limits_of(options)) as (reader, label):
        manifest = reader.manifest
        signed = signed_by(reader)
        if options.verify:
            load.verify(reader, label)
    if options.json:
        terminal.print_json(json.loads(manifest.to_json()))
    else:
        terminal.print_lines(*_content(manifest, signed, verified=options.verify))
    return 0


def _content(manifest: Manifest, signed: Signed, *, verified: bool) -> Iterator[str]:
    """Yield the lines about one bundle."""
    made_by = ", ".join(f"{name} {version}" for name, version in manifest.generator.items())
    yield f"created  {manifest.created}"
    yield f"by       {made_by}"
    if manifest.notebook:
        yield f"notebook {manifest.notebook}"
    yield f"digest   {manifest.content_digest}"
    if manifest.version > 1:
        # Files and databases alone, as in version 1, run no code, whoever has signed them.
        yield f"signed   {_SIGNED[signed]}"
        yield from _code(manifest)
    if verified:
        yield "status   ok: every byte is as the manifest says"
    yield ""
    for member in manifest.members:
        if member.kind not in KERNEL_KINDS:
            detail = tables_text(member.details["tables"]) if "tables" in member.details else ""
            size = size_text(member.size) if member.kind in ("file", "database") else ""
            yield f"{member.kind:<10}{size:>9}  {member.place}  {detail}".rstrip()
    for name, about in variables_of(manifest.members).items():
        detail = f"{about['type']}  {about['text']}"
        yield f"{'variable':<10}{size_text(about['size']):>9}  {name}  {detail}".rstrip()
    for member in manifest.members:
        if member.kind in KERNEL_KINDS and member.kind != "variables":
            yield f"{member.kind:<10}{size_text(member.size):>9}  {member.relative}"
    for item in manifest.skipped:
        yield f"not saved: {item.path}: {item.reason}"


def _code(manifest: Manifest) -> Iterator[str]:
    if pickles := sum(m.details["pickles"] for m in manifest.members if is_graph(m)):
        many = "1 pickle, which" if pickles == 1 else f"{pickles:,} pickles, which"
        yield f"code     {many} could run code: for a stranger's, load_state() needs trust=True"


def _print_table(facts: Iterator[Facts], selection: Selection, *, verified: bool) -> int:
    table = bundle_list.TextTable.for_names(one.name for one in selection.bundles)
    terminal.print_lines(table.head)
    every = []
    for each in facts:
        terminal.print_lines(table.line(each))
        every.append(each)
    ignored = selection.ignored_text
    terminal.print_lines(*bundle_list.summary(every, verified=verified, ignored=ignored))
    return exit_code(every)


def _print_csv(facts: Iterator[Facts], selection: Selection) -> int:
    every = list(facts)
    if terminal.is_utf8_file():
        # Without this mark, Excel takes UTF-8 for the system's older encoding: "MÃ¼ller".
        terminal.write("\ufeff")
    terminal.print_lines(*bundle_list.csv_lines(every))
    _report_ignored(selection)
    return exit_code(every)


def _print_json(facts: Iterator[Facts], selection: Selection) -> int:
    code, start = 0, "["
    for each in facts:
        # One at a time: two hundred manifests need not be in memory together.
        terminal.write(f"{start}\n{terminal.json_text(bundle_list.json_object(each))}")
        code, start = max(code, exit_code([each])), ","
    terminal.write("\n]\n")
    _report_ignored(selection)
    return code


def _report_ignored(selection: Selection) -> None:
    # To standard error: programs read standard output.
    if selection.ignored_text:
        terminal.print_error(selection.ignored_text)
