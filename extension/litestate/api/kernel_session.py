"""The kernel's open checkpoint session, and changes that undo can revert."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..checkpoints import Checkpoint, Retention
from ..checkpoints.checkpoint_session import Session
from ..checkpoints.scan import Scanner, Touched, Used
from ..errors import CheckpointError, RetentionError, StorageError
from ..files.survey import Paths
from ..host.roots import NOTEBOOK, detect
from ..platform import DRIVE, IN_BROWSER, cell_number, ipython_shell
from ..report import Report
from ..shell import cell_log
from ..sqlite import SIDECARS
from ..state.save import selected_variables
from ..storage import open_storage
from ..variables.changes.cell_watch import Watch
from ..variables.namespace import Choice, namespace, own_names

if TYPE_CHECKING:
    from ..browser.notebook import Page


@dataclass
class Opened:
    """A session, and the circumstances in which it was opened.

    Attributes
    ----------
    session : Session
        The session.
    restarted : bool
        Whether the page is still the one that an earlier kernel of this notebook had.
    persisted : bool or None
        Whether the browser has promised to keep what the site stores; None if it does not say.
    path : str or None
        The notebook's path, if it was renamed and its history has the old name.
    newest : Checkpoint or None
        The newest checkpoint at that time.
    """

    session: Session
    restarted: bool = False
    persisted: bool | None = None
    path: str | None = None
    newest: Checkpoint | None = None


UNDO = "undo() brings back what was there before"
"""Begin of the note about a change that can be undone."""

_current: Opened | None = None

_path: str | None = None


def current() -> Session | None:
    """Return the open session, or None; open nothing."""
    return _current.session if _current else None


def newest_before() -> Checkpoint | None:
    """Return the newest checkpoint at the time when the open session was opened."""
    return _current.newest if _current else None


async def opened(
    name: str | None = None,
    *,
    paths: Paths = None,
    exclude: Sequence[str] | str = (),
    retention: Retention | None = None,
    variables: Choice = None,
    page: Page | None = None,
) -> Opened:
    """Open the history of this notebook, or return the open one.

    Parameters
    ----------
    name : str, optional
        Name of the history, by default the notebook's. An open history is closed only if another
        one is named.
    paths, exclude
        What belongs to the state, as for `save_state`.
    retention : Retention, optional
        Which checkpoints are stored.
    variables : bool or str or sequence of str, optional
        Which variables belong to the state, as for `save_state`.
    page : Page, optional
        What the page knows of the notebook; by default it is asked.

    Raises
    ------
    StorageError
        If there is no storage for checkpoints.
    """
    global _current  # noqa: PLW0603 - a kernel has one notebook
    if before := opened_before(name, paths, exclude, retention, variables):
        return before
    scanner = _scanner(paths, exclude, variables)
    if page is None and IN_BROWSER:
        page = await _page()
    if page is not None:
        note_page(page)
    name = name or (_name_in_site(page) if page else _name_in_python())
    storage = await open_storage(name)
    try:
        session = Session(storage, name, scanner, retention)
    except BaseException:
        # Or the next try would find this lock, and take it for another tab's.
        storage.close()
        raise
    session.note_usage(await session.storage.usage())
    close()
    if IN_BROWSER:
        from ..browser import drive

        drive.own(session.name)
    _current = Opened(session, newest=session.newest)
    _note_cells(session)
    if page is not None:
        _current.restarted, _current.persisted = page.restarted, page.persisted
        _current.path = None if page.path == page.name else page.path
    return _current


@asynccontextmanager
async def other_history(name: str) -> AsyncIterator[Session]:
    """Open the history of another notebook, to read it."""
    storage = await open_storage(name, patience=0)
    other = Session(storage, name, _scanner(None, (), None))
    try:
        yield other
    finally:
        other.close()


def opened_before(
    name: str | None,
    paths: Paths,
    exclude: Sequence[str] | str,
    retention: Retention | None,
    variables: Choice,
) -> Opened | None:
    """Return the open history with new choices, or None if another one is wanted.

    This is the part of `opened` that never waits. The parameters are the same.
    """
    if name is not None and not (isinstance(name, str) and name):
        raise CheckpointError(
            f"name= takes text, not {name!r}. Leave it out for the notebook's name."
        )
    if retention is not None and not isinstance(retention, Retention):
        raise RetentionError(f"retention= takes a Retention(…), not {retention!r}.")
    if _current is None or name not in (None, _current.session.name):
        return None
    asked = paths is not None or exclude or variables is not None
    scanner = _scanner(paths, exclude, variables) if asked else None
    _current.session.configure(scanner, retention)
    return _current


def note_page(page: Page) -> None:
    """Remember the path of the notebook, which the page knows."""
    global _path  # noqa: PLW0603
    _path = page.path or _path


def notebook_path() -> str | None:
    """Return the path of the notebook in the site's contents, or its file name in plain Python.

    None if it is not known.
    """
    return _path if IN_BROWSER else _file_name()


def transience(session: Session) -> list[str]:
    """Return a sentence about checkpoints that end with the kernel; none if they last."""
    if not session.storage.transient:
        return []
    return [
        f"{session.storage.transient} Checkpoints are in memory only: undo() and restore() work, "
        "but a reload of the page loses them, with all variables and the files in the home "
        "folder. Download a bundle with save_state() before."
    ]


def unrestored_notes() -> list[str]:
    """Return a sentence for each variable that a restore could not rebuild."""
    session = current()
    names = sorted(session.unrestored.names - own_names(namespace())) if session else []
    return [
        f"{name} could not be rebuilt when the checkpoint was restored: only checkpoints have it."
        for name in names
    ]


def close() -> None:
    """Close the open session."""
    global _current  # noqa: PLW0603
    if _current is not None:
        cell_log.current().watcher = None
        _current.session.close()
        _current = None


def _note_cells(session: Session) -> None:
    """Record from now on which cells begin and end, the running one included."""

    def note(cell: cell_log.Executed) -> None:
        session.ownership.cell(is_over=cell.outcome is not None)
        if cell.number is not None:
            session.cells.cell(cell.session, cell.number, is_over=cell.outcome is not None)

    log = cell_log.current()
    log.watcher = note
    shell = ipython_shell()
    running = None if shell is None else cell_log.running_number(shell)
    if running is not None and log.own and log.own[-1].number == running:
        note(log.own[-1])


@dataclass
class Undoable:
    """Notes and warnings about whether `undo` can take a change back."""

    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add_to(self, report: Report) -> None:
        """Add them to a report."""
        report.notes += self.notes
        report.sections[0].warnings += self.warnings


@contextmanager
def undoable(before: str, after: str, replaced: Sequence[Path] = ()) -> Iterator[Undoable]:
    """Make a checkpoint before and after the block, if checkpoints are made in this kernel.

    Parameters
    ----------
    before, after : str
        Causes of the two checkpoints.
    replaced : sequence of pathlib.Path, optional
        Files that the block may write; they are in the first checkpoint.
    """
    about, session = Undoable(), current()
    if session is None or not session.storage.writable:
        yield about
        return
    session.scanner.expect(replaced)
    try:
        session.checkpoint(before, cell=cell_number())
    except StorageError as error:
        about.warnings.append(f"undo() will not bring back what was there before: {error}")
    yield about
    try:
        if session.checkpoint(after, cell=cell_number()) and not about.warnings:
            about.notes.append(f"{UNDO}{_scope_text(session)}.")
    except StorageError as error:
        about.warnings.append(f"There is no checkpoint of the present state: {error}")


def _scope_text(session: Session) -> str:
    scope = session.scanner.scope
    if scope.paths is None and not scope.exclude:
        return ""
    return ", but only what autosave(paths=…, exclude=…) has in its checkpoints"


async def _page() -> Page:
    from ..browser.notebook import identify

    return await identify()


def _scanner(paths: Paths, exclude: Sequence[str] | str, variables: Choice) -> Scanner:
    return Scanner(paths, exclude, _touched(), selected_variables(variables, paths), _watch())


def _watch() -> Used | None:
    shell = ipython_shell()
    return Watch(shell).take if shell is not None else None


def _touched() -> Touched | None:
    if not IN_BROWSER:
        return None
    from ..browser.drive import watch

    watched = watch(SIDECARS)
    return None if watched is None else watched.take


def _name_in_site(page: Page) -> str:
    if page.name is not None:
        return page.name
    # A console or the REPL: one history for each folder.
    root = detect().root(NOTEBOOK)
    assert root is not None
    folder = root.path.relative_to(DRIVE) if root.path.is_relative_to(DRIVE) else root.path
    return f"console in /{folder}".removesuffix(".")


def _name_in_python() -> str:
    return _file_name() or "python"


def _file_name() -> str | None:
    # Jupyter Server 2 and VS Code tell the notebook; IPython in a terminal has none.
    main = sys.modules["__main__"]
    path = os.environ.get("JPY_SESSION_NAME") or getattr(main, "__vsc_ipynb_file__", None)
    return Path(path).name if path else None
