"""Gather what is there and write it into a bundle."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sqlite3
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, cast

from . import progress, sqlite
from ._version import __version__
from .browser import unrecorded
from .bundle import CHUNK, Compression, Limits, Writer
from .bundle.format import HEAD, is_bundle
from .changes import Batch, NotUndoneError, Overwrite
from .errors import NeedsAsyncError, SaveError, UnsafeBundleError
from .items import Survey
from .manifest import Manifest
from .parts import PARTS
from .places import Root, detect
from .platform import DRIVE_LIMIT, IN_BROWSER
from .report import Report, count_text, size_text
from .survey import StrPath
from .trust import Signer
from .waiting import run_to_completion, wait

SUFFIX = ".litestate.zip"
"""How the name of a bundle ends."""

_UNFIT = re.compile(r'[\x00-\x1f/\\:*?"<>|]+')


def bundle_name(name: str | None) -> str:
    """Return a file name for a bundle that is made today.

    Examples
    --------
    >>> bundle_name("my work").startswith("my work-20")
    True
    """
    stem = _UNFIT.sub("-", name or "state").strip(" .-")
    if not stem:
        raise SaveError(f"name={name!r} leaves nothing for a file name; use letters or digits.")
    if stem.endswith(SUFFIX):
        return stem
    return f"{stem.removesuffix('.zip')}-{date.today():%Y-%m-%d}{SUFFIX}"


def target_of(path: StrPath, name: str | None) -> Path:
    """Return which file a path means.

    Parameters
    ----------
    path : path
        A file, with or without a suffix, or a folder, which is made if ``/`` stands at its end.
    name : str or None
        First part of the file's name in a folder.

    Raises
    ------
    SaveError
        If the folder cannot be made.
    """
    target = Path(path).expanduser()
    if os.fspath(path).endswith(("/", os.sep)):
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SaveError(f"The folder {target} cannot be made: {error.strerror}.") from error
    if target.is_dir():
        return target / bundle_name(name)
    return target if target.suffix or target.exists() else target.with_name(target.name + SUFFIX)


async def gather(
    file: IO[bytes], found: Survey, compression: Compression, signer: Signer
) -> Report:
    """Write everything that was found into a file; the report has no headline yet.

    Parameters
    ----------
    file : binary file
        Open for writing, able to seek.
    signer : Signer
        What may have to be waited for.
    """
    with Writer(file, compression=compression) as writer:
        total = sum(item.size for item in found.items)
        with progress.shown("Saving", total) as writer.advance, unrecorded():
            sections = [part.capture(found, writer) for part in PARTS]
        report = Report("", sections, excluded=found.excluded)
        manifest = Manifest(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            notebook=None,
            generator=generator(),
            scope=found.scope,
            members=writer.members,
            skipped=tuple(report.skipped),
        )
        data = manifest.to_json()
        signature = await signer.sign(data) if manifest.version > 1 else None
        # What is signed is what is written, or this fails.
        writer.finish(manifest, {data: signature}.__getitem__)
    report.size = file.tell()
    report.notes += [signer.note] if signer.note else []
    report.digest = manifest.content_digest
    _warn_of_limits(report, manifest)
    return report


def _warn_of_limits(report: Report, manifest: Manifest) -> None:
    """Say now what `load_state` would say, when the session may be gone."""
    total = sum(member.size for member in manifest.members)
    try:
        Limits().check_members(len(manifest.members))
        Limits().check_total(total, report.size)
    except UnsafeBundleError:
        report.sections[0].warnings.append(
            f"This bundle has {len(manifest.members):,} members of {size_text(total)} in all, more "
            "than load_state() takes by itself. It will say which limits= to give it; keep that "
            "in mind, or save less with paths= or exclude=."
        )


def write_to(path: Path, found: Survey, compression: Compression) -> Report:
    """Do what `awrite_to` does, inside of a call that cannot be awaited."""
    return run_to_completion(awrite_to(path, found, compression, Signer()))


async def awrite_to(path: Path, found: Survey, compression: Compression, signer: Signer) -> Report:
    """Write a bundle to a path; an older one there is replaced when the new one is complete.

    Raises
    ------
    SaveError
        If that fails, or if something else than a bundle is there; it was not changed.
    """
    _check_free(path)
    root, _ = detect().locate(path.absolute())
    try:
        # What is staged on the drive would be stored for nothing.
        folder = None if root.on_drive else path.parent
        handle, created = tempfile.mkstemp(prefix=".litestate-", suffix=".tmp", dir=folder)
    except OSError as error:
        raise SaveError(
            f"{path} cannot be written: {error.strerror}. Choose another path."
        ) from error
    temporary = Path(created)
    try:
        with os.fdopen(handle, "w+b") as file:
            report = await gather(file, found, compression, signer)
            file.flush()
            os.fsync(file.fileno())
        _put(temporary, path, root)
    except OSError as error:
        raise SaveError(
            f"{path} was not written: {error}. What was there before is still there."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    report.path = str(path)
    return _headline(report, f"Saved {detect().show(path.absolute())}")


def _put(temporary: Path, path: Path, root: Root) -> None:
    if not root.on_drive:
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        return
    size = temporary.stat().st_size
    if root.is_unmended and size > DRIVE_LIMIT:
        raise SaveError(
            f"{path} was not written: {size_text(size)} are too much for the notebook's folder "
            f"(at most {size_text(DRIVE_LIMIT)}). Save into the home folder (~) or download it."
        )
    _overwrite(temporary, path)


def _overwrite(temporary: Path, path: Path) -> None:
    with sqlite.scratch() as folder:
        aside = folder / path.name
        try:
            Batch([Overwrite(path, temporary, aside)]).commit()
        except NotUndoneError as error:
            kept = Path(tempfile.mkdtemp(prefix="litestate-"), path.name)
            aside.rename(kept)
            raise SaveError(
                f"{path} was not written ({error.__cause__}), and what was there before could not "
                f"be put back. It is in {kept}: copy it to where you need it."
            ) from error


def _check_free(path: Path) -> None:
    """Make sure that only bundles are replaced: ``save_state("app.db")`` is a slip."""
    if not path.is_file() or not (size := path.stat().st_size):
        return
    if not sqlite.is_database(path, size):
        with path.open("rb") as file:
            if is_bundle(file.read(HEAD)):
                return
    raise SaveError(
        f"{path} was not written: a file is there that is no litestate bundle. "
        "Choose another name, or remove it first."
    )


def write_into(file: IO[bytes], found: Survey, compression: Compression) -> Report:
    """Do what `awrite_into` does, inside of a call that cannot be awaited."""
    return run_to_completion(awrite_into(file, found, compression, Signer()))


async def awrite_into(
    file: IO[bytes], found: Survey, compression: Compression, signer: Signer
) -> Report:
    """Write a bundle into a file that the caller opened, from where it stands.

    A bundle starts at the first byte of a file: where that cannot be, it is made elsewhere first.
    So it is where something is in the file, which must stay if this fails.
    """
    if file.seekable() and not file.tell() and not _has_content(file):
        try:
            report = await gather(file, found, compression, signer)
        except BaseException:
            # As empty as it was: half a bundle is of no use to anybody.
            with suppress(OSError, ValueError):
                file.seek(0)
                file.truncate()
            raise
    else:
        with tempfile.TemporaryFile() as copy:
            report = await gather(copy, found, compression, signer)
            copy.seek(0)
            shutil.copyfileobj(copy, file)
            if file.seekable():
                file.truncate()
    return _headline(report, "Saved a bundle")


def _has_content(file: IO[bytes]) -> bool:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size > 0


async def adownload(found: Survey, name: str, compression: Compression, signer: Signer) -> Report:
    """Offer a bundle for download in the page."""
    from .browser import form
    from .browser.blobs import BlobSink, download_link

    # Without the page's watch the link looks dead in some outputs; that is no reason to fail.
    with suppress(NeedsAsyncError):
        await signer.waiter(form.watch(), "the page")
    with BlobSink() as sink:
        report = await gather(cast("IO[bytes]", sink), found, compression, signer)
        report.link = download_link(sink.blob(), name)
    report.link_later = (
        f"{name} could be downloaded here until the kernel ended. Run the cell again to save what "
        "is there now."
    )
    return _headline(report, name)


def link_to(path: Path) -> str:
    """Return a link that downloads a file of the kernel's memory."""
    from .browser import form
    from .browser.blobs import BlobSink, download_link

    with suppress(NeedsAsyncError):
        wait(form.watch(), "")
    with BlobSink() as sink, path.open("rb") as file:
        shutil.copyfileobj(file, cast("IO[bytes]", sink), CHUNK)
        return download_link(sink.blob(), path.name)


def generator() -> dict[str, str]:
    """Return what made a bundle: names and versions."""
    versions = {
        "litestate": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "platform": sys.platform,
    }
    if "pyodide" in sys.modules:
        versions["pyodide"] = sys.modules["pyodide"].__version__
    return versions


def _headline(report: Report, what: str) -> Report:
    report.headline = f"{what}: {count_text(report.lines())}; {size_text(report.size)}"
    if report.skipped:
        report.headline += f"; {len(report.skipped)} not saved"
    if not report.lines():
        report.sections[0].warnings.append(f"There was nothing to save: the state is {_state()}.")
    return report


def _state() -> str:
    if not IN_BROWSER:
        return "the files in the current folder"
    if detect().mended:
        return "the files in the home folder, and what was written or read in the notebook's folder"
    return (
        "the files in the home folder, and what was written in the notebook's folder since the "
        "kernel started"
    )


def free(path: Path) -> Path:
    """Return a path for a bundle at which there is nothing yet: this one, or with a number."""
    stem = path.name.removesuffix(SUFFIX)
    candidates = (path.with_name(f"{stem}-{number}{SUFFIX}") for number in range(2, 10_000))
    return path if not path.exists() else next(other for other in candidates if not other.exists())


def _umask() -> int:
    # There is no way to read it but to set it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
