"""The command of the page that exports tables."""

from __future__ import annotations

import os
from datetime import date
from typing import Any

from ..browser import unrecorded
from ..errors import ExportError, SelectionError
from ..export.collection import FORMATS, Source, sources_in, write_tables
from ..platform import IN_BROWSER
from ..report import Report, size_text
from ..state.bundle_files import file_stem
from ..state.save import gather
from ..variables.namespace import namespace
from .page_calls import Answer, Call
from .page_reports import report_json


async def export(call: Call) -> Answer:
    """Export DataFrames and databases: `ReportData`, and a ZIP archive or a workbook."""
    form = call.choice("format", FORMATS)
    suffix = ".zip" if form == "csv" else ".xlsx"
    stem = file_stem(call.stem())
    file_name = stem if stem.endswith(suffix) else f"{stem}-tables-{date.today():%Y-%m-%d}{suffix}"
    with unrecorded():
        sources = _chosen(sources_in(gather(None, variables=False), namespace()), call)
    if not sources:
        raise ExportError(
            "There is no table to export: no variable is a DataFrame, and there is no database."
        )
    if form == "xlsx" and IN_BROWSER:
        from ..browser.package_install import aprovide

        # Not every browser can wait for it during the export.
        await aprovide(["openpyxl"])
    sink = call.sink()
    with unrecorded():
        section = write_tables(sources, sink, form)
    size, count = sink.seek(0, os.SEEK_END), len(section.lines)
    what = "1 table" if count == 1 else f"{count:,} tables"
    report = Report(f"Exported {what} to {file_name}; {size_text(size)}", [section], size=size)
    report.skipped_title = "Not exported"
    return Answer(report_json(report), sink, file_name)


def _chosen(sources: list[Source], call: Call) -> list[Source]:
    wanted: Any = call.args.get("tables")
    if wanted is None:
        return sources
    if not isinstance(wanted, list) or not all(isinstance(each, str) for each in wanted):
        raise SelectionError("tables takes a list of names of DataFrames and databases.")
    known = {source.label for source in sources}
    if missing := [each for each in wanted if each not in known]:
        raise ExportError(f"There is no DataFrame or database {missing[0]!r} to export.")
    return [source for source in sources if source.label in wanted]
