"""Download of every locked file into the cache, verified.

A file is in the cache only under its final name and only after its hash was checked: it's
downloaded into a scratch folder beside it and then renamed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.console import BuildError, step, warn
from tools.files import scratch_folder, sha256_of
from tools.places import Cdn, Folder, InsidePypi, Npm, Place, Pypi
from tools.sitelock import LockedFile


def default_places(folders: Iterable[Path]) -> list[Place]:
    """Return the places to look in after the cache, in their order.

    Parameters
    ----------
    folders : iterable of Path
        Folders that the user named with ``--wheels``.
    """
    return [*(Folder(path) for path in folders), Cdn(), Npm(), Pypi(), InsidePypi()]


def cached_path(cache: Path, file: LockedFile) -> Path:
    """Return the path of a file in the cache.

    It has the hash in it, because two builds of one version may share a file name.
    """
    return cache / file.sha256[:16] / file.file_name


def fetch(
    files: Sequence[LockedFile], cache: Path, places: Sequence[Place]
) -> dict[LockedFile, Path]:
    """Return verified copies of files, from the first place that has the right bytes.

    Parameters
    ----------
    files : sequence of LockedFile
        What is wanted.
    cache : Path
        The folder that keeps them; made if missing.
    places : sequence of Place
        Where to search for files that the cache doesn't have, in this order.

    Returns
    -------
    dict of LockedFile to Path
        Where each file is in the cache.

    Raises
    ------
    BuildError
        If some file could not be had anywhere. The message lists, for each such file, each
        place and why it failed.
    """
    reasons: dict[LockedFile, list[str]] = defaultdict(list)
    missing = [file for file in files if not _in_cache(cache, file, reasons[file])]
    for place in places:
        if not missing:
            break
        missing = _try_place(place, missing, cache, reasons)
    if missing:
        raise BuildError(_explain(missing, reasons))
    return {file: cached_path(cache, file) for file in files}


def _in_cache(cache: Path, file: LockedFile, reasons: list[str]) -> bool:
    path = cached_path(cache, file)
    if not path.exists():
        reasons.append(f"cache {cache}: not there")
        return False
    return _is_genuine(path, file, f"cache {cache}", reasons)


def _try_place(
    place: Place,
    missing: Sequence[LockedFile],
    cache: Path,
    reasons: dict[LockedFile, list[str]],
) -> list[LockedFile]:
    """Take the available files from a place, and return the missing ones."""
    still_missing = []
    with scratch_folder(cache) as scratch:
        why = place.collect(missing, scratch)
        for file in missing:
            found = scratch / file.file_name
            if file.file_name in why:
                reasons[file].append(f"{place.name}: {why[file.file_name]}")
                still_missing.append(file)
            elif _is_genuine(found, file, place.name, reasons[file]):
                target = cached_path(cache, file)
                target.parent.mkdir(parents=True, exist_ok=True)
                found.replace(target)
            else:
                still_missing.append(file)
    if taken := len(missing) - len(still_missing):
        step(f"fetched {taken} file{'s' * (taken > 1)} from {place.name}")
    return still_missing


def _is_genuine(path: Path, file: LockedFile, place: str, reasons: list[str]) -> bool:
    found = sha256_of(path)
    if found == file.sha256 and path.stat().st_size == file.size:
        return True
    reason = f"refused: its sha256 is {found}, the lock says {file.sha256}"
    reasons.append(f"{place}: {reason}")
    warn(f"{file.file_name} from {place} {reason}")
    return False


def _explain(missing: Sequence[LockedFile], reasons: dict[LockedFile, list[str]]) -> str:
    lines = [f"{len(missing)} of the site's files could not be had from any place:"]
    for file in missing:
        lines.append(f"  {file.file_name} ({file.size:,} bytes, sha256 {file.sha256})")
        lines += [f"    {reason}" for reason in reasons[file]]
    lines.append(
        "Put these files into a folder and name it with --wheels DIR, or run again when online."
    )
    return "\n".join(lines)
