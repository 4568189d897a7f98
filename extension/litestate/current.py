"""The one session whose history is open in this kernel."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .checkpoints import Checkpoint, Retention
from .checkpoints.scanner import Scanner, Touched, Used
from .checkpoints.session import Session
from .environment import executed
from .errors import CheckpointError, RetentionError, StorageError
from .parts import choice
from .places import NOTEBOOK, detect
from .platform import DRIVE, IN_BROWSER, cell_number, ipython_shell
from .report import Report
from .sqlite import SIDECARS
from .storage import open_storage
from .survey import Paths
from .variables.namespace import Choice, namespace, own_names
from .variables.watching import Watch

if TYPE_CHECKING:
    from .browser.notebook import Page


@dataclass
class Opened:
    """A session, and what was known when it was opened.

    Attributes
    ----------
    session : Session
        The session.
    restarted : bool
        Whether the page is still the one that an earlier kernel of this notebook had.
    persisted : bool or None
        Whether the browser has promised to keep what the site stores; None if it does not say.
    path : str or None
        The notebook, if it was renamed and its history still has the old name.
    newest : Checkpoint or None
        The newest one there was then.
    """

    session: Session
    restarted: bool = False
    persisted: bool | None = None
    path: str | None = None
    newest: Checkpoint | None = None


_current: Opened | None = None


def current() -> Session | None:
    """Return the session that is open, or None: nothing is opened for asking."""
    return _current.session if _current else None


async def opened(
    name: str | None = None,
    *,
    paths: Paths = None,
    exclude: Sequence[str] | str = (),
    retention: Retention | None = None,
    variables: Choice = None,
) -> Opened:
    """Open the history of this notebook, or return what is open.

    Parameters
    ----------
    name : str, optional
        Of the history, instead of the notebook's. What is open stays open unless another is named.
    paths, exclude
        What belongs to the state, as for `save_state`.
    retention : Retention, optional
        Which checkpoints are kept.
    variables : bool or str or sequence of str, optional
        Which variables belong to the state, as for `save_state`.

    Raises
    ------
    StorageError
        If there is no place for checkpoints.
    """
    global _current  # noqa: PLW0603 - a kernel has one notebook
    if name is not None and not (isinstance(name, str) and name):
        raise CheckpointError(f"name= takes a text, not {name!r}. Leave it out for the notebook's.")
    if retention is not None and not isinstance(retention, Retention):
        raise RetentionError(f"retention= takes a Retention(…), not {retention!r}.")
    if _current is not None and name in (None, _current.session.name):
        asked = paths is not None or exclude or variables is not None
        scanner = _scanner(paths, exclude, variables) if asked else None
        _current.session.configure(scanner, retention)
        return _current
    scanner = _scanner(paths, exclude, variables)
    page = await _page() if IN_BROWSER else None
    name = name or (_name_in_site(page) if page else _name_in_python())
    storage = await open_storage(name)
    try:
        session = Session(storage, name, scanner, retention)
    except BaseException:
        # The next try would find its own lock, and look for another tab.
        storage.close()
        raise
    session.note_usage(await session.storage.usage())
    close()
    if IN_BROWSER:
        from .browser import drive

        drive.own(session.name)
    _current = Opened(session, newest=session.newest)
    _note_cells(session)
    if page is not None:
        _current.restarted, _current.persisted = page.restarted, page.persisted
        _current.path = None if page.path == page.name else page.path
    return _current


def unrestored_notes() -> list[str]:
    """Say which variables only the checkpoints have, as they could not be made here."""
    session = current()
    names = sorted(session.unrestored.names - own_names(namespace())) if session else []
    return [
        f"{name} could not be made when the checkpoint came back: it is in the checkpoints alone."
        for name in names
    ]


def close() -> None:
    """Close what is open."""
    global _current  # noqa: PLW0603
    if _current is not None:
        executed.current().watcher = None
        _current.session.close()
        _current = None


def _note_cells(session: Session) -> None:
    """Note from now on which cells begin and end, the one that runs included."""

    def note(cell: executed.Executed) -> None:
        session.ownership.cell(is_over=cell.outcome is not None)
        if cell.number is not None:
            session.cells.cell(cell.session, cell.number, is_over=cell.outcome is not None)

    log = executed.current()
    log.watcher = note
    shell = ipython_shell()
    running = None if shell is None else executed.running_number(shell)
    if running is not None and log.own and log.own[-1].number == running:
        note(log.own[-1])


@dataclass
class Undoable:
    """What to tell of a change that `undo` can take back, or cannot."""

    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def tell(self, report: Report) -> None:
        """Add it to a report."""
        report.notes += self.notes
        report.sections[0].warnings += self.warnings


@contextmanager
def undoable(before: str, after: str, replaced: Sequence[Path] = ()) -> Iterator[Undoable]:
    """Make a checkpoint before and after the block, if checkpoints are made in this kernel.

    Parameters
    ----------
    before, after : str
        Causes of the two.
    replaced : sequence of pathlib.Path, optional
        Files that the block may write, which the first checkpoint is to have.
    """
    said, session = Undoable(), current()
    if session is None or not session.storage.writable:
        yield said
        return
    session.scanner.expect(replaced)
    try:
        session.checkpoint(before, cell=cell_number())
    except StorageError as error:
        said.warnings.append(f"undo() will not bring back what was there before: {error}")
    yield said
    try:
        if session.checkpoint(after, cell=cell_number()) and not said.warnings:
            said.notes.append(f"undo() brings back what was there before{_of_which(session)}.")
    except StorageError as error:
        said.warnings.append(f"There is no checkpoint of what is there now: {error}")


def _of_which(session: Session) -> str:
    scope = session.scanner.scope
    if scope.paths is None and not scope.exclude:
        return ""
    return ", only of what checkpoints are made of here: see paths= and exclude= of autosave()"


async def _page() -> Page:
    from .browser.notebook import identify

    return await identify()


def _scanner(paths: Paths, exclude: Sequence[str] | str, variables: Choice) -> Scanner:
    return Scanner(paths, exclude, _touched(), choice(variables, paths), _watch())


def _watch() -> Used | None:
    shell = ipython_shell()
    return Watch(shell).take if shell is not None else None


def _touched() -> Touched | None:
    if not IN_BROWSER:
        return None
    from .browser.drive import watch

    watched = watch(SIDECARS)
    return None if watched is None else watched.take


def _name_in_site(page: Page) -> str:
    if page.name is not None:
        return page.name
    # A console, or the REPL: one for each folder.
    root = detect().root(NOTEBOOK)
    assert root is not None
    folder = root.path.relative_to(DRIVE) if root.path.is_relative_to(DRIVE) else root.path
    return f"console in /{folder}".removesuffix(".")


def _name_in_python() -> str:
    # Jupyter Server 2 and VS Code say which notebook it is; IPython in a terminal has none.
    main = sys.modules["__main__"]
    path = os.environ.get("JPY_SESSION_NAME") or getattr(main, "__vsc_ipynb_file__", None)
    return Path(path).name if path else "python"
