"""Write beside the target, and move into place what is complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from .. import places
from ..changes import Batch, MakeFolder, NotUndoneError, Overwrite, Replace
from ..errors import ApplyError, ExportError
from ..plan import check_closed
from ..platform import DRIVE_LIMIT
from ..report import size_text
from .source import AnyDatabase

_Change = Replace | Overwrite | MakeFolder


def check_free(path: Path, source: AnyDatabase, *, overwrite: bool) -> None:
    """Make sure that the target may be written, before anything is read.

    Raises
    ------
    ExportError
        If a file is there that must stay.
    """
    _refuse(path, overwrite=overwrite)
    if path.exists() and isinstance(source, str | os.PathLike):
        own = Path(source).expanduser()
        if own.exists() and own.samefile(path):
            raise ExportError(f"{path} is what is read. Choose another name for the export.")


def _refuse(path: Path, *, overwrite: bool) -> None:
    if path.is_dir():
        raise ExportError(f"{path} is a folder, not a file. Choose another name.")
    if path.exists() and not overwrite:
        raise ExportError(
            f"{path} is there already. Nothing was written. Choose another name, or add "
            "overwrite=True to replace it."
        )


@contextmanager
def new_file(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a path to write to; it becomes the target when the block ends well."""
    with _scratch(path.parent, path) as scratch, _explaining(path):
        # The suffix stays: openpyxl looks at it.
        temporary = scratch / f"export{path.suffix.lower()}"
        yield temporary
        _refuse(path, overwrite=overwrite)
        if _is_on_drive(path):
            _check_drive([(temporary, path)])
            _commit([Overwrite(path, temporary, scratch / "old")], scratch)
        else:
            # One step, so that at no moment there is neither the old one nor the new one.
            temporary.replace(path)


@contextmanager
def new_files(folder: Path, names: list[str], *, overwrite: bool) -> Iterator[Path]:
    """Yield a folder to write files to; they go to the target when the block ends well.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    names : list of str
        The files that will be written; others in the folder stay.
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
        # What is staged on the drive would be stored for nothing.
        near = None if _is_on_drive(target) else parent
        folder = Path(tempfile.mkdtemp(prefix=".litestate-", dir=near))
    except OSError as error:
        raise ExportError(
            f"{target} cannot be written: {error.strerror}. Choose another path."
        ) from None
    try:
        yield folder
    except _HalfWrittenError:
        # The only copy of what was there is in it.
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
            f"{target} was not written: {error}. What was there before is still there."
        ) from error


def _is_on_drive(path: Path) -> bool:
    return places.detect().locate(path.absolute())[0].on_drive


def _check_drive(moves: list[tuple[Path, Path]]) -> None:
    """Refuse what a drive that is not mended cannot take, before anything is changed there."""
    for temporary, path in moves:
        root, _ = places.detect().locate(path.absolute())
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
    """Some files are new, and some could not be put back."""


def _commit(changes: list[_Change], kept: Path) -> None:
    """Make all changes, or none.

    Raises
    ------
    OSError
        If one failed, and everything is as it was.
    ExportError
        If one failed, and not all could be undone.
    """
    batch = Batch(changes)
    try:
        batch.commit()
    except NotUndoneError as error:
        failed = "; ".join(f"{_state(cast('_Change', one))} ({why!r})" for one, why in error.failed)
        raise _HalfWrittenError(
            f"The export failed ({error.__cause__!r}), and not everything could be put back: "
            f"{failed}. All else is as it was. Copy what you need out of {kept}, "
            "then remove that folder."
        ) from error


def _state(change: _Change) -> str:
    """Say what is at the target of a change that could not be undone."""
    path = change.target
    if isinstance(change, MakeFolder):
        return f"the folder {path} is new"
    aside = change.aside
    if not aside.exists():
        return f"{path} is new, or a part of it, and was not there before"
    now = "is there, but may be the new one or a part of one" if path.exists() else "is gone"
    return f"{path} {now}, its old content is {aside}"
