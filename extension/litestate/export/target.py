"""The target of an export: written beside it, and moved into place when it is complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from ..errors import ApplyError, ExportError
from ..host import roots
from ..platform import DRIVE_LIMIT
from ..report import size_text
from ..transaction.changes import Batch, MakeFolder, NotUndoneError, Overwrite, Replace
from ..transaction.plan import check_closed
from .source import AnyDatabase

_Change = Replace | Overwrite | MakeFolder


@dataclass
class Written:
    """The outcome of a writer.

    Attributes
    ----------
    rows : dict of str to int
        Rows of each table.
    warnings : list of str
        Caveats about the file.
    """

    rows: dict[str, int]
    warnings: list[str] = field(default_factory=list)


def check_free(path: Path, source: AnyDatabase, *, overwrite: bool) -> None:
    """Check that the target may be written, before anything is read.

    Raises
    ------
    ExportError
        If a file exists there that must not be replaced.
    """
    _refuse(path, overwrite=overwrite)
    if path.exists() and isinstance(source, str | os.PathLike):
        own = Path(source).expanduser()
        if own.exists() and own.samefile(path):
            raise ExportError(f"{path} is the source of the export. Choose another target.")


def _refuse(path: Path, *, overwrite: bool) -> None:
    if path.is_dir():
        raise ExportError(f"{path} is a folder, not a file. Choose another name.")
    if path.exists() and not overwrite:
        raise ExportError(
            f"{path} already exists. Nothing was written. Choose another name, or add "
            "overwrite=True to replace it."
        )


@contextmanager
def new_file(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a path to write to. It becomes the target when the block ends without an error."""
    with _scratch(path.parent, path) as scratch, _explaining(path):
        # With the suffix, because openpyxl reads it.
        temporary = scratch / f"export{path.suffix.lower()}"
        yield temporary
        _refuse(path, overwrite=overwrite)
        if _is_on_drive(path):
            _check_drive([(temporary, path)])
            _commit([Overwrite(path, temporary, scratch / "old")], scratch)
        else:
            # One step, so that at every moment either the old or the new file is there.
            temporary.replace(path)


@contextmanager
def new_files(folder: Path, names: list[str], *, overwrite: bool) -> Iterator[Path]:
    """Yield a folder to write files to. They are moved when the block ends without an error.

    Parameters
    ----------
    folder : Path
        The target; it is made if it does not exist.
    names : list of str
        The files that will be written; other files in the folder stay.
    """
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file, not a folder. Choose another name.")
    for name in names:
        _refuse(folder / name, overwrite=overwrite)
    parent = folder if folder.is_dir() else folder.parent
    with _scratch(parent, folder) as scratch, _explaining(folder):
        new = scratch / "new"
        new.mkdir()
        yield new
        for name in names:
            _refuse(folder / name, overwrite=overwrite)
        moves = [(new / name, folder / name) for name in names]
        changes: list[_Change] = [] if folder.is_dir() else [MakeFolder(folder)]
        old = scratch / "old"
        old.mkdir()
        if _is_on_drive(folder):
            _check_drive(moves)
            changes += [Overwrite(path, temporary, old / path.name) for temporary, path in moves]
        else:
            changes += [Replace(path, temporary, old / path.name) for temporary, path in moves]
        _commit(changes, scratch)


@contextmanager
def _scratch(parent: Path, target: Path) -> Iterator[Path]:
    try:
        # The browser would store temporary files that are on the drive.
        near = None if _is_on_drive(target) else parent
        folder = Path(tempfile.mkdtemp(prefix=".litestate-", dir=near))
    except OSError as error:
        raise ExportError(
            f"{target} cannot be written: {error.strerror}. Choose another path."
        ) from None
    try:
        yield folder
    except _HalfWrittenError:
        # It holds the only copy of the old content.
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _explaining(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportError(
            f"{target} was not written: {error}. Existing files are unchanged."
        ) from error


def _is_on_drive(path: Path) -> bool:
    return roots.detect().locate(path.absolute())[0].on_drive


def _check_drive(moves: list[tuple[Path, Path]]) -> None:
    """Refuse files that a drive without litestate's repairs cannot hold, before any change."""
    for temporary, path in moves:
        root, _ = roots.detect().locate(path.absolute())
        if not root.is_unmended:
            continue
        if (size := temporary.stat().st_size) > DRIVE_LIMIT:
            raise ExportError(
                f"{path} was not written: {size_text(size)} are too much for the notebook's "
                f"folder (at most {size_text(DRIVE_LIMIT)}). Export into the home folder (~)."
            )
        try:
            check_closed(root, path)
        except ApplyError as error:
            raise ExportError(str(error)) from None


class _HalfWrittenError(ExportError):
    """The export failed, and some changes could not be undone."""


def _commit(changes: list[_Change], scratch: Path) -> None:
    """Make all changes, or none.

    Raises
    ------
    OSError
        If one failed, and all were undone.
    ExportError
        If one failed, and not all could be undone.
    """
    batch = Batch(changes)
    try:
        batch.commit()
    except NotUndoneError as error:
        failed = "; ".join(f"{_state(cast('_Change', one))} ({why!r})" for one, why in error.failed)
        raise _HalfWrittenError(
            f"The export failed ({error.__cause__!r}), and not all changes could be undone: "
            f"{failed}. Everything else is unchanged. Copy what you need out of {scratch}, "
            "then remove that folder."
        ) from error


def _state(change: _Change) -> str:
    """Return the state of the target of a change that could not be undone."""
    path = change.target
    if isinstance(change, MakeFolder):
        return f"the folder {path} is new"
    aside = change.aside
    if not aside.exists():
        return f"{path} is new, perhaps incomplete, and did not exist before"
    now = "exists, but may be the new file, perhaps incomplete," if path.exists() else "is gone,"
    return f"{path} {now} and its old content is {aside}"
