"""Saving: gather the present state and write it into a bundle."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

from .. import sqlite
from .._version import __version__
from ..browser import unrecorded
from ..bundle import CHUNK, Compression, Limits, Writer
from ..bundle.manifest import Manifest
from ..bundle.zip_format import HEAD, is_bundle
from ..errors import NeedsAsyncError, SaveError, SelectionError, UnsafeBundleError
from ..files.survey import Paths, StrPath, survey
from ..files.survey_items import Survey
from ..host import roots
from ..host.roots import Root
from ..parts import FILE_PARTS, PARTS
from ..parts.variables import add_variables
from ..platform import DRIVE_LIMIT, IN_BROWSER
from ..report import Report, count_text, size_text
from ..shell import progress
from ..transaction.changes import Batch, NotUndoneError, Overwrite
from ..trust import Signer
from ..variables.namespace import Choice, is_session
from ..waiting import Waiter, run_to_completion, wait
from .bundle_files import SUFFIX, bundle_name

_IN_CALL = Waiter("asave_state")


def target_of(path: StrPath, name: str | None) -> Path:
    """Return the file that a path stands for.

    Parameters
    ----------
    path : path
        A file, with or without a suffix, or a folder. A path that ends in ``/`` is created.
    name : str or None
        First part of the file's name in a folder.

    Raises
    ------
    SaveError
        If the folder cannot be created.
    """
    target = Path(path).expanduser()
    if os.fspath(path).endswith(("/", os.sep)):
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SaveError(f"The folder {target} cannot be created: {error.strerror}.") from error
    if target.is_dir():
        return target / bundle_name(name)
    return target if target.suffix or target.exists() else target.with_name(target.name + SUFFIX)


def gather(
    paths: Paths,
    exclude: Sequence[str] | str = (),
    variables: Choice = None,
    include: Paths = None,
    *,
    with_read: bool = False,
) -> Survey:
    """Find the present state, variables included.

    Parameters
    ----------
    paths, exclude, variables, include
        As for `litestate.save_state`.
    with_read : bool, optional
        As for `litestate.files.survey.survey`.

    Raises
    ------
    SelectionError
        If a parameter is wrong.
    """
    found = survey(roots.detect(), paths, exclude, include=include, with_read=with_read)
    selected = selected_variables(variables, paths)
    if selected is False:
        return found
    with unrecorded():
        return add_variables(found, selected)


def selected_variables(variables: Choice, paths: object) -> Choice:
    """Return the selected variables; ``paths=`` alone selects none.

    Raises
    ------
    SelectionError
        If ``variables=`` is neither names nor a truth value.
    """
    if variables is None:
        return paths is None and is_session()
    if isinstance(variables, bool | str):
        return variables
    if not isinstance(variables, Iterable) or not all(isinstance(n, str) for n in variables):
        raise SelectionError(f"variables= takes names, True or False, not {variables!r}.")
    return list(variables)


async def _write(
    file: IO[bytes], found: Survey, compression: Compression, waiter: Waiter
) -> Report:
    """Write a state into a file that is open for writing and can seek; report no headline yet."""
    with Writer(file, compression=compression) as writer:
        total = sum(item.size for item in found.items)
        parts = FILE_PARTS if found.scope.variables is False else PARTS
        with progress.shown("Saving", total) as writer.advance, unrecorded():
            sections = [part.capture(found, writer) for part in parts]
        report = Report("", sections, excluded=found.excluded)
        manifest = Manifest(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            notebook=found.notebook,
            generator=generator(),
            scope=found.scope,
            members=writer.members,
            skipped=tuple(report.skipped),
        )
        data, signature = manifest.to_json(), None
        if manifest.version > 1:
            signer = Signer(waiter)
            signature = await signer.sign(data)
            report.notes += [signer.note] if signer.note else []
        # This fails unless the signed bytes are the written ones.
        writer.finish(manifest, {data: signature}.__getitem__)
    report.size = file.tell()
    report.digest = manifest.content_digest
    _warn_of_limits(report, manifest)
    return report


def _warn_of_limits(report: Report, manifest: Manifest) -> None:
    """Warn of limits that `load_state` would hit when the session may be gone."""
    total = sum(member.size for member in manifest.members)
    try:
        Limits().check_members(len(manifest.members))
        Limits().check_total(total, report.size)
    except UnsafeBundleError:
        report.sections[0].warnings.append(
            f"This bundle has {len(manifest.members):,} members of {size_text(total)} in all, more "
            "than load_state() accepts without limits=. Its error says which limits= to pass. Or "
            "save less with paths= or exclude=."
        )


def write_to(path: Path, found: Survey, compression: Compression) -> Report:
    """Do what `awrite_to` does, in a synchronous call."""
    return run_to_completion(awrite_to(path, found, compression, _IN_CALL))


async def awrite_to(path: Path, found: Survey, compression: Compression, waiter: Waiter) -> Report:
    """Write a bundle to a path; an older one is replaced once the new one is complete.

    Raises
    ------
    SaveError
        If that fails, or if another kind of file is there; that file did not change.
    """
    _check_free(path)
    root, _ = roots.detect().locate(path.absolute())
    try:
        # The browser would store a temporary file on the drive for nothing.
        folder = None if root.on_drive else path.parent
        handle, created = tempfile.mkstemp(prefix=".litestate-", suffix=".tmp", dir=folder)
    except OSError as error:
        raise SaveError(
            f"{path} cannot be written: {error.strerror}. Choose another path."
        ) from error
    temporary = Path(created)
    try:
        with os.fdopen(handle, "w+b") as file:
            report = await _write(file, found, compression, waiter)
            file.flush()
            os.fsync(file.fileno())
        _put(temporary, path, root)
    except OSError as error:
        raise SaveError(
            f"{path} was not written: {error}. An older file there is unchanged."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    report.path = str(path)
    return _headline(report, f"Saved {roots.detect().show(path.absolute())}")


def _put(temporary: Path, path: Path, root: Root) -> None:
    if not root.on_drive:
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        return
    size = temporary.stat().st_size
    if root.is_unmended and size > DRIVE_LIMIT:
        raise SaveError(
            f"{path} was not written: {size_text(size)} is too much for the notebook's folder "
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
                f"{path} was not written ({error.__cause__}), and the older file could not be "
                f"restored. It is in {kept}: copy it to where you need it."
            ) from error


def _check_free(path: Path) -> None:
    """Refuse to replace a file other than a bundle, as in ``save_state("app.db")``."""
    if not path.is_file() or not (size := path.stat().st_size):
        return
    if not sqlite.is_database(path, size):
        with path.open("rb") as file:
            if is_bundle(file.read(HEAD)):
                return
    raise SaveError(
        f"{path} was not written: the file there is not a litestate bundle. "
        "Choose another name, or remove it first."
    )


def write_into(file: IO[bytes], found: Survey, compression: Compression) -> Report:
    """Do what `awrite_into` does, in a synchronous call."""
    return run_to_completion(awrite_into(file, found, compression, _IN_CALL))


async def awrite_into(
    file: IO[bytes], found: Survey, compression: Compression, waiter: Waiter
) -> Report:
    """Write a bundle into an open file, from its position on.

    A bundle is written in place only into an empty file that can seek. Otherwise a temporary file
    comes first, so that a failure does not change the content of the file.
    """
    if file.seekable() and not file.tell() and not _has_content(file):
        try:
            report = await _write(file, found, compression, waiter)
        except BaseException:
            # Half a bundle is of no use, so the file is as empty as before.
            with suppress(OSError, ValueError):
                file.seek(0)
                file.truncate()
            raise
    else:
        with tempfile.TemporaryFile() as copy:
            report = await _write(copy, found, compression, waiter)
            copy.seek(0)
            shutil.copyfileobj(copy, file)
            if file.seekable():
                file.truncate()
    return _headline(report, "Saved a bundle")


def _has_content(file: IO[bytes]) -> bool:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size > 0


async def adownload(found: Survey, name: str, compression: Compression, waiter: Waiter) -> Report:
    """Offer a bundle for download in the page."""
    from ..browser import form
    from ..browser.blobs import BlobSink, download_link

    # If the page does not watch, the link may be hidden too early; that is no reason to fail.
    with suppress(NeedsAsyncError):
        await waiter(form.watch(), "the page")
    with BlobSink() as sink:
        report = await _write(cast("IO[bytes]", sink), found, compression, waiter)
        report.link = download_link(sink.blob(), name)
    report.link_later = (
        f"{name} could be downloaded here until the kernel ended. Run the cell again to save what "
        "is there now."
    )
    return _headline(report, name)


def link_to(path: Path) -> str:
    """Return HTML of a link that downloads a file from the kernel's memory."""
    from ..browser import form
    from ..browser.blobs import BlobSink, download_link

    with suppress(NeedsAsyncError):
        wait(form.watch(), "")
    with BlobSink() as sink, path.open("rb") as file:
        shutil.copyfileobj(file, cast("IO[bytes]", sink), CHUNK)
        return download_link(sink.blob(), path.name)


def generator() -> dict[str, str]:
    """Return names and versions of the software that makes a bundle."""
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
        report.sections[0].warnings.append(f"There was nothing to save. The state is {_state()}.")
    return report


def _state() -> str:
    if not IN_BROWSER:
        return "the files in the current folder"
    if roots.detect().mended:
        return (
            "the files in the home folder, and the files in the notebook's folder that were "
            "written or read"
        )
    return (
        "the files in the home folder, and the files in the notebook's folder that were written "
        "since the kernel started"
    )


def _umask() -> int:
    # The mask can only be read by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
