"""The commands that the page asks for, as functions of plain data.

`run` is the only entry. The page sends the name of a command, its arguments as a JSON object, and
for ``look`` and ``load`` a file; it gets plain data of bounded size, and for some commands a file
with a name. An error becomes ``{"name": class, "message": sentence}``: every error that leaves
`run` is a `LitestateError` whose message is for the user.

Every argument may be left out unless it says "required"; unknown arguments are refused. ``paths``,
``exclude``, ``variables`` and ``include`` are what `save_state` and `load_state` take. The results
are described where the functions are: `page_checkpoints`, `page_bundles` and `page_reports`.

==============  ===================================  =================  =========================
command         arguments                            result             file
==============  ===================================  =================  =========================
``list``                                             `CheckpointsData`
``preview``     checkpoint: number or label, by      `ReportData`
                default the newest
``restore``     checkpoint: as for preview           `ReportData`       a bundle of the state
                                                                        before, if undo cannot
                                                                        bring it back
``undo``                                             `ReportData`
``checkpoint``  label: text                          `CheckpointData`
``forget``                                           `ForgottenData`
``save``        checkpoint: number or label, by      `SavedData`        the bundle
                default the present state; name:
                first part of the file's name;
                paths, exclude, variables, include
``look``        the file (required); paths,          `LookData`
                exclude, variables, clean, trust:
                as for load
``load``        the file (required); trust, clean:   `LoadedData`
                true or false; paths, exclude,
                variables
``clear``       paths, exclude, variables            `ReportData`       as for restore
``hand_in``     path: the notebook in the site's     `SavedData`        the bundle
                contents, by default this one;
                name; exclude
``export``      format: "csv" (default) or "xlsx";   `ReportData`       a ZIP archive of CSV
                name; tables: names of DataFrames                       files, or a workbook
                and databases, by default all
==============  ===================================  =================  =========================

``name`` without a suffix gets the date of today and the usual suffix; by default it is the
notebook's. ``look`` is a dry run of ``load``: send the same file and arguments to both.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from ..errors import LitestateError, SelectionError
from ..host.installed_modules import only_installed
from ..output import quiet
from .kernel_session import note_page
from .page_calls import SELECTING, Answer, Call, Sink

if TYPE_CHECKING:
    from ..browser.notebook import Page

__all__ = ["COMMANDS", "READING", "Answer", "Command", "run"]


@dataclass(frozen=True)
class Command:
    """A command of the page.

    Attributes
    ----------
    function : str
        Module beside this one and name of a coroutine function in it, which takes a `Call` and
        returns an `Answer`. The module is imported when it is first needed.
    arguments : tuple of str
        Names of its arguments.
    takes_file : bool
        Whether it needs a file of the page.
    is_reading : bool
        Whether it changes nothing: it may also run while a cell awaits.
    """

    function: str
    arguments: tuple[str, ...] = ()
    takes_file: bool = False
    is_reading: bool = False


_LOADING = ("paths", "exclude", "variables", "clean", "trust")

COMMANDS = {
    "list": Command("page_checkpoints.listing", is_reading=True),
    "preview": Command("page_checkpoints.preview", ("checkpoint",), is_reading=True),
    "restore": Command("page_checkpoints.restore", ("checkpoint",)),
    "undo": Command("page_checkpoints.undo"),
    "checkpoint": Command("page_checkpoints.checkpoint", ("label",)),
    "forget": Command("page_checkpoints.forget"),
    "save": Command("page_bundles.save", ("checkpoint", "name", *SELECTING), is_reading=True),
    "look": Command("page_bundles.look", _LOADING, takes_file=True, is_reading=True),
    "load": Command("page_bundles.load", _LOADING, takes_file=True),
    "clear": Command("page_bundles.clear", ("paths", "exclude", "variables")),
    "hand_in": Command("page_bundles.hand_in", ("path", "name", "exclude"), is_reading=True),
    "export": Command("page_tables.export", ("format", "name", "tables"), is_reading=True),
}

READING = frozenset(name for name, command in COMMANDS.items() if command.is_reading)
"""Commands that change nothing: they may also run while a cell awaits."""


async def run(
    command: str,
    args: Mapping[str, Any],
    file: IO[bytes] | None,
    sink: Callable[[], Sink],
    page: Page | None = None,
) -> Answer:
    """Run a command of the page.

    The caller lets no cell run meanwhile, unless the command is one of `READING`.

    Parameters
    ----------
    command : str
        Its name.
    args : mapping
        Its arguments, from JSON.
    file : binary file or None
        The file that the page sent, which can seek.
    sink : callable
        Makes an empty sink for a file that is answered.
    page : Page, optional
        What the page knows of the notebook: if autosave was never started, a command opens the
        history of this notebook. By default that of plain Python is opened.

    Returns
    -------
    Answer
        The answer.

    Raises
    ------
    LitestateError
        With a message for the user. An error of another kind is chained to it.
    """
    found = COMMANDS.get(command)
    if found is None:
        raise SelectionError(f"There is no command {command!r}.")
    if unknown := sorted(set(args) - set(found.arguments)):
        raise SelectionError(f"{command} takes no argument {unknown[0]!r}.")
    if found.takes_file and file is None:
        raise SelectionError(f"{command} needs a file.")
    if page is not None:
        note_page(page)
    # A bundle may have brought a file with the name of a module.
    with only_installed():
        module, _, name = found.function.partition(".")
        function = getattr(importlib.import_module(f".{module}", __package__), name)
    call = Call(args, file, sink, page, not found.is_reading)
    try:
        with quiet():
            answer: Answer = await function(call)
    except LitestateError:
        raise
    # A trusted pickle may call exit().
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        logging.getLogger(__name__).debug("%s failed", command, exc_info=True)
        raise LitestateError(
            f"{command} failed ({_text(error)}). Try again; if it fails again, please report it "
            "with this message."
        ) from error
    finally:
        call.close()
    return answer


def _text(error: BaseException) -> str:
    """Return the type of an error and what it says, without calling code of the notebook."""
    said = [str(each) for each in error.args if type(each) in (str, int)]
    if isinstance(error, OSError) and type(error.filename) is str:
        said.append(error.filename)
    return ": ".join([type(error).__name__, ", ".join(said)[:500]]).removesuffix(": ")
