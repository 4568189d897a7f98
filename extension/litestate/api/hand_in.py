"""The state of one notebook to hand in: the notebook itself, its files, and nothing of others."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..browser import unrecorded
from ..bundle.manifest import Skipped
from ..checkpoints.checkpoint_session import Session
from ..errors import SaveError, SelectionError
from ..files.survey_items import Item, Survey, parents
from ..platform import DRIVE, IN_BROWSER
from ..state.save import gather
from .kernel_session import notebook_path

if TYPE_CHECKING:
    from ..browser.notebook import Page

OTHERS = "files that only other notebooks use"
"""Rule for what is left out."""


def notebook_file(path: str | None, page: Page | None) -> Path:
    """Return the file of the notebook, as it is saved.

    Parameters
    ----------
    path : str or None
        Path in the site's contents; in plain Python relative to the current folder.
    page : Page or None
        What the page knows of this notebook, if there is no path.

    Raises
    ------
    SelectionError
        If the notebook is not known, or the path is not that of a notebook.
    SaveError
        If it was never saved.
    """
    known = path or (page and page.path) or notebook_path()
    if known is None:
        raise SelectionError("Which notebook is handed in? Its path is not known.")
    relative = PurePosixPath(known)
    if relative.is_absolute() or ".." in relative.parts or relative.suffix != ".ipynb":
        raise SelectionError(f"{known!r} is not the path of a notebook in this site.")
    file = (DRIVE if IN_BROWSER else Path.cwd()) / relative
    if not file.is_file():
        raise SaveError(f"There is no notebook {known} to hand in: save it first.")
    return file


def gather_for_hand_in(
    notebook: Path, exclude: Sequence[str] | str, session: Session | None
) -> Survey:
    """Find the notebook, what it wrote and read, and its state.

    Parameters
    ----------
    notebook : Path
        Its file.
    exclude : str or sequence of str
        Files to leave out, in gitignore syntax.
    session : Session or None
        Knows who wrote a file; without it, all files are in the result.
    """
    found = gather(None, exclude, include=[notebook], with_read=True)
    return found if session is None else _without_others(found, notebook, session)


def _without_others(found: Survey, notebook: Path, session: Session) -> Survey:
    mine = _Mine(notebook, session)
    kept = [item for item in found.items if mine.has(item)]
    places = {item.place for item in kept}
    # A folder of another notebook may hold a file of this one.
    places |= {f"{it.root.name}/{parent}" for it in kept for parent in parents(it.relative)}
    skipped = [it for it in found.skipped if mine.has_skipped(it)]
    labels = [item.label for item in found.items if item.place not in places]
    labels += [it.path for it in found.skipped if it not in skipped]
    excluded = found.excluded | ({OTHERS: labels} if labels else {})
    items = [item for item in found.items if item.place in places]
    return replace(found, items=items, skipped=skipped, excluded=excluded)


class _Mine:
    """Decides whether a file belongs to this notebook.

    It does if the notebook wrote it last, or read it. The drive does not record who has read a file
    in an earlier kernel, so a file that the notebook's code names belongs to it, too.
    """

    def __init__(self, notebook: Path, session: Session) -> None:
        self._notebook = notebook
        self._ownership = session.ownership
        self._where = session.scanner.roots
        self._code = _code_of(notebook)
        self._read: set[str] = set()
        if IN_BROWSER:
            from ..browser.drive import read_anywhere

            self._read = set(read_anywhere())

    def has(self, item: Item) -> bool:
        """Tell whether an item belongs to this notebook."""
        if item.path == self._notebook:
            return True
        writer = self._ownership.writer(item)
        # Plain Python does not know who wrote a file before it was started.
        is_own = writer == "own" or (writer == "unknown" and not item.root.on_drive)
        return is_own or (item.kind != "directory" and self._uses(item.path))

    def has_skipped(self, skipped: Skipped) -> bool:
        """Tell whether something that cannot be saved belongs to this notebook."""
        name, _, relative = skipped.place.partition("/")
        root = self._where.root(name)
        if root is None:
            # A variable, or a part of the session.
            return True
        path = root.target(relative)
        try:
            status = path.lstat()
        except OSError:
            return True
        mode, size = stat.S_IMODE(status.st_mode), status.st_size
        return self.has(Item(root, relative, path, "file", size, mode, status.st_mtime_ns))

    def _uses(self, path: Path) -> bool:
        return str(path) in self._read or _names(self._code, path.name)


def _names(code: str, name: str) -> bool:
    """Tell whether code names a file.

    Examples
    --------
    >>> _names("pd.read_csv('in/a.csv')", "a.csv"), _names("pd.read_csv('data.csv')", "a.csv")
    (True, False)
    >>> _names("a = 1", "a"), _names("open('a')", "a")
    (False, True)
    """
    quoted = re.escape(name)
    # A name without a suffix could be that of a variable.
    pattern = rf"(?<![\w.-]){quoted}(?![\w-])" if "." in name else rf"""['"/]{quoted}['"/]"""
    return re.search(pattern, code) is not None


@unrecorded()
def _code_of(notebook: Path) -> str:
    """Return the text of the cells, without their outputs; empty if it is not a notebook."""
    try:
        cells = json.loads(notebook.read_bytes())["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        return "\n".join("".join(source) for source in sources)
    except (ValueError, TypeError, LookupError, RecursionError):
        return ""
