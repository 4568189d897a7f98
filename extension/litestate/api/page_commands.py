"""The commands that the page asks for, as functions of plain data.

`run` is the only entry. The page sends the name of a command, its arguments as a JSON object, and
for ``look`` and ``load`` a file; it gets plain data of bounded size, and for some commands a file
with a name. An error becomes ``{"name": class, "message": sentence}``: every error that leaves
`run` is a `LitestateError` whose message is for the user.

Every argument may be left out unless it says "required"; unknown arguments are refused. ``paths``,
``exclude``, ``variables`` and ``include`` are what `save_state` and `load_state` take.

==============  =========================================  ========================  ==============
command         arguments                                  result                    file
==============  =========================================  ========================  ==============
``list``                                                   `CheckpointsData`
``preview``     checkpoint: number or label, by default    `ReportData`
                the newest
``restore``     checkpoint, as for ``preview``             `ReportData`              if there is no
                                                                                     undo: a bundle
                                                                                     of the state
                                                                                     before
``undo``                                                   `ReportData`
``checkpoint``  label: text                                `CheckpointData`
``save``        checkpoint: number or label, by default    `SavedData`               the bundle
                the present state; name: first part of
                the file's name; paths, exclude,
                variables, include
``look``        the file (required)                        `LookData`
``load``        the file (required); trust: bool; clean:   `LoadedData`
                bool; paths, exclude, variables
``clear``       paths, exclude, variables                  `ReportData`              as ``restore``
``export``      format: "csv" (default) or "xlsx"; name;   `ReportData`              a ZIP archive
                tables: list of names of DataFrames and                              of CSV files,
                databases, by default all                                            or a workbook
``forget``                                                 `ForgottenData`
``hand_in``     path: the notebook in the site's           `SavedData`               the bundle
                contents, by default this one; name;
                exclude
==============  =========================================  ========================  ==============

``name`` without a suffix gets the date of today and the usual suffix; by default it is the
notebook's. ``look`` is a dry run of ``load``: send the same file and arguments to both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol, TypedDict

from .page_reports import LineData, ReportData, SectionData, SkippedData

if TYPE_CHECKING:
    from ..browser.notebook import Page


class Sink(Protocol):
    """A file for the page: binary, writable, and able to seek. Nothing in it is read back."""

    def write(self, data: Any, /) -> int: ...  # noqa: D102
    def seek(self, offset: int, whence: int = 0, /) -> int: ...  # noqa: D102
    def tell(self) -> int: ...  # noqa: D102
    def seekable(self) -> bool: ...  # noqa: D102
    def flush(self) -> None: ...  # noqa: D102


class RowData(TypedDict):
    """One checkpoint. ``when`` is in seconds since 1970; ``changed`` is cut, ``counts`` is not."""

    number: int
    title: str
    when: float
    label: str | None
    cell: int | None
    cause: str
    changed: list[LineData]
    counts: dict[str, int]
    size: int
    written: int


class UsageData(TypedDict):
    """Bytes of the site's storage that are used, and that there are."""

    used: int
    quota: int


class CheckpointsData(TypedDict):
    """The checkpoints, newest first. ``rows`` is cut, ``count`` is not.

    ``size`` is the bytes of all. ``transient`` says why they end with the kernel, and is empty if
    they last. ``undo`` is the number of the checkpoint to which ``undo`` goes back, if any.
    """

    name: str
    rows: list[RowData]
    count: int
    size: int
    usage: UsageData | None
    writable: bool
    transient: str
    undo: int | None
    notes: list[str]


class CheckpointData(TypedDict):
    """The outcome of ``checkpoint``. ``number`` is None if nothing had changed."""

    report: ReportData
    number: int | None


class SavedData(TypedDict):
    """The outcome of ``save`` and ``hand_in``: the report, bytes of the file and its digest."""

    report: ReportData
    size: int
    digest: str


class LookData(TypedDict):
    """What a bundle is, what is in it, and what ``load`` would change.

    ``made`` is ``"own"`` (this browser signed it), ``"stranger"`` (another one did) or
    ``"unsigned"``. ``created`` is a time in ISO 8601. ``generator`` has the versions of what made
    it: ``litestate``, ``python``, ``platform`` and so on. ``contents`` says what is in it, part by
    part; ``missing`` what was left out when it was saved. ``changes`` is the dry run of ``load``
    without trust. ``waiting`` is what loads only with trust; each reason says what it would run.
    ``can_trust`` is False where nothing may be trusted. Only ``made`` is verified: whoever made the
    bundle wrote the rest.
    """

    label: str
    size: int
    made: str
    created: str
    notebook: str | None
    generator: dict[str, str]
    digest: str
    contents: list[SectionData]
    missing: list[SkippedData]
    changes: ReportData
    waiting: list[SkippedData]
    can_trust: bool


class LoadedData(TypedDict):
    """The outcome of ``load``; ``waiting`` as in `LookData`; whether ``undo`` can take it back."""

    report: ReportData
    waiting: list[SkippedData]
    undo: bool


class ForgottenData(TypedDict):
    """The outcome of ``forget``.

    ``forgotten`` is the number of checkpoints that are gone, ``freed`` the bytes; ``number`` is the
    checkpoint of the present state with which the history begins again, None if autosave is off.
    """

    report: ReportData
    forgotten: int
    freed: int
    number: int | None


@dataclass
class Answer:
    """The answer to the page.

    Attributes
    ----------
    result : dict
        Plain data.
    file : Sink or None
        The sink with the file, if the command makes one.
    name : str
        Name of that file.
    """

    result: Any
    file: Any = None
    name: str = ""


@dataclass(frozen=True)
class Call:
    """One call of a command.

    Attributes
    ----------
    args : mapping
        Its arguments, from JSON.
    file : binary file or None
        The file that the page sent, which can seek.
    sink : callable
        Makes a sink for a file that is answered.
    page : Page or None
        What the page knows of the notebook.
    """

    args: Mapping[str, Any]
    file: IO[bytes] | None
    sink: Callable[[], Any]
    page: Page | None


Command = Callable[[Call], Awaitable[Answer]]

COMMANDS: dict[str, Command] = {}

READING = frozenset({"list", "preview", "save", "look", "export", "hand_in"})
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
    raise NotImplementedError
