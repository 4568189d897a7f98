"""Write beside the target, and move into place what is complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ExportError
from ..places import DRIVE_LIMIT, detect
from ..report import size_text
from .source import AnyDatabase


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
        _move([(temporary, path)])


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
        yield scratch
        folder.mkdir(exist_ok=True)
        for name in names:
            _refuse(folder / name, overwrite=overwrite)
        _move([(scratch / name, folder / name) for name in names])


@contextmanager
def _scratch(parent: Path, target: Path) -> Iterator[Path]:
    on_drive = detect().locate(target.absolute())[0].on_drive
    try:
        # The drive is no place to write to bit by bit.
        folder = tempfile.TemporaryDirectory(prefix=".litestate-", dir=None if on_drive else parent)
    except OSError as error:
        raise ExportError(
            f"{target} cannot be written: {error.strerror}. Choose another path."
        ) from None
    with folder as name:
        yield Path(name)


@contextmanager
def _explaining(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportError(
            f"{target} was not written: {error}. What was there before is still there."
        ) from error


def _move(moves: list[tuple[Path, Path]]) -> None:
    on_drive = detect().locate(moves[0][1].absolute())[0].on_drive
    if not on_drive:
        for temporary, path in moves:
            temporary.replace(path)
        return
    for temporary, path in moves:
        if (size := temporary.stat().st_size) > DRIVE_LIMIT:
            raise ExportError(
                f"{path} was not written: {size_text(size)} are too much for the notebook's "
                f"folder (at most {size_text(DRIVE_LIMIT)}). Export into the home folder (~)."
            )
    for temporary, path in moves:
        shutil.copyfile(temporary, path)
