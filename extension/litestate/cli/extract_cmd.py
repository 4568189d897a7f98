"""``litestate extract``: the files of one bundle, or of each of several, in a folder."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from ..bundle.manifest import KERNEL_KINDS, Manifest
from ..errors import SourceError
from ..host import roots
from ..report import Report
from ..state.bundle_files import expanded
from ..state.load import load_from, open_bundle, verify
from . import messages, terminal
from .bundle_arguments import add_no_limits, is_folder, limits_of
from .bundle_facts import kernel_members_text, signed_by

NAME = "extract"
HELP = "verify bundles, then unpack each into a folder"
EXAMPLES = """examples:
  litestate extract state-2026-11-22.litestate.zip
  litestate extract state-2026-11-22.litestate.zip --to work
  litestate extract https://example.org/dice.litestate.zip --to dice --overwrite
  litestate extract hand-ins/*.litestate.zip --to all    all/ada, all/bob, ...

The notebook's folder becomes DIR itself, the home folder DIR/litestate-home.
Of several bundles, a bad one does not keep the others from being extracted.
exit code: 0 if all were extracted, 1 if not
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``extract``."""
    command.add_argument("bundles", metavar="BUNDLE", nargs="+", help="paths or URLs of bundles")
    command.add_argument(
        "--to",
        metavar="DIR",
        type=Path,
        help="folder to make (default: by name); of several bundles, the folder for their folders",
    )
    command.add_argument(
        "--overwrite", action="store_true", help="use a folder that is not empty; replace its files"
    )
    add_no_limits(command)


def run(options: argparse.Namespace) -> int:
    """Run ``litestate extract``."""
    sources: list[str] = options.bundles
    to: Path | None = expanded(options.to) if options.to else None
    if len(sources) == 1:
        print(_extract(sources[0], to or Path(_stem(sources[0])), options))
        return 0
    targets = _targets(sources, to or Path())
    failed = 0
    for source, folder in zip(sources, targets, strict=True):
        try:
            report = _extract(source, folder, options)
        except messages.FAILURES as error:
            reason = messages.short(messages.message_about(source, error))
            terminal.print_error(f"{source}: {reason}")
            failed += 1
        else:
            print(report)
    terminal.print_lines(f"{len(sources) - failed} extracted, {failed} not")
    return 1 if failed else 0


def _targets(sources: Sequence[str], to: Path) -> list[Path]:
    """Return a folder for each bundle.

    Raises
    ------
    SourceError
        If two bundles have the same folder.
    """
    # Some file systems do not distinguish upper and lower case.
    taken: dict[str, str] = {}
    for source in sources:
        stem = _stem(source)
        other = taken.setdefault(stem.casefold(), source)
        if other is not source:
            raise SourceError(
                f"{other} and {source} would both go into {to / stem}. Nothing was extracted. "
                "Extract one of them separately, with another folder after --to."
            )
    return [to / _stem(source) for source in sources]


def _extract(source: str, folder: Path, options: argparse.Namespace) -> Report:
    if is_folder(source):
        raise SourceError(f"{source} is a folder. extract takes bundles: name the files.")
    if folder.exists() and not folder.is_dir():
        raise SourceError(f"{folder} is a file. Name a folder with --to.")
    if folder.exists() and any(folder.iterdir()) and not options.overwrite:
        raise SourceError(
            f"The folder {folder} is not empty. Choose another one with --to, or add --overwrite."
        )
    with open_bundle(source, limits_of(options)) as (reader, label):
        # A forged bundle is refused here.
        signed_by(reader)
        verify(reader, label)
        left_out = kernel_members_text(reader.manifest)
        reader.manifest = _files_only(reader.manifest)
        is_new = not folder.exists()
        _make_folder(folder)
        try:
            report = load_from(reader, label, roots.below(folder))
        except BaseException:
            # Nothing was loaded. If the folder is not empty, it holds what could not be undone.
            if is_new:
                with suppress(OSError):
                    folder.rmdir()
            raise
    # The report is one about loading into a session.
    outcome = report.headline.removeprefix(f"Loaded {label}").replace("not loaded", "not extracted")
    report.headline = f"Extracted {label} into {folder}{os.sep}{outcome}"
    report.skipped_title = "Not extracted"
    if left_out:
        report.notes.append(
            f"{left_out}: no files, so they stay in the bundle. load_state() brings them back."
        )
    return report


def _files_only(manifest: Manifest) -> Manifest:
    """Return the manifest without the members that only a kernel can hold."""
    members = tuple(m for m in manifest.members if m.kind not in KERNEL_KINDS)
    return replace(manifest, members=members)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(
            f"The folder {folder} cannot be created: {error.strerror}. Nothing was extracted. "
            "Choose another one with --to."
        ) from error


def _stem(source: str) -> str:
    """Return the name of the folder for a bundle.

    Examples
    --------
    >>> _stem("hand-ins/ada.litestate.zip"), _stem("https://example.org/dice.zip?raw=1")
    ('ada', 'dice')
    >>> _stem("array.json"), _stem("https://example.org/")
    ('array', 'state')
    """
    is_url = source.startswith(("http://", "https://"))
    name = urlsplit(source).path.rpartition("/")[2] if is_url else expanded(source).name
    for suffix in (".zip", ".json", ".litestate"):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    # A server must not choose the parent folder.
    return name if name.strip(". ") else "state"
