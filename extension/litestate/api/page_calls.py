"""One call of a command of the page: its arguments, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Protocol

from ..checkpoints.checkpoint_session import Session
from ..errors import SelectionError
from ..waiting import AWAITED
from .checkpoints import session
from .kernel_session import current, notebook_path, opened

if TYPE_CHECKING:
    from ..browser.notebook import Page

LONGEST = 200
"""Characters of a label, or of the part of a file's name, that the page chooses."""

SELECTING = ("paths", "exclude", "variables", "include")
"""Arguments that are passed on to `save_state` and its like, which check them."""


class Sink(Protocol):
    """A file for the page: binary, writable, and able to seek. Nothing in it is read back."""

    def write(self, data: Any, /) -> int: ...  # noqa: D102
    def seek(self, offset: int, whence: int = 0, /) -> int: ...  # noqa: D102
    def tell(self) -> int: ...  # noqa: D102
    def seekable(self) -> bool: ...  # noqa: D102
    def flush(self) -> None: ...  # noqa: D102


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
    is_changing : bool
        Whether it may change something: then no cell runs.
    """

    args: Mapping[str, Any]
    file: IO[bytes] | None
    sink: Callable[[], Any]
    page: Page | None
    is_changing: bool

    async def session(self) -> Session:
        """Return this notebook's session, opened if autosave never was on.

        Raises
        ------
        StorageError
            If there is no storage for checkpoints.
        """
        if current() is None:
            # Asking the page for the notebook takes an output, and no cell runs.
            await opened(page=self.page)
        found = await session(AWAITED)
        if self.is_changing:
            # What it writes is this notebook's, as what a cell writes; `close` is the end.
            found.ownership.cell(is_over=False)
        return found

    def close(self) -> None:
        """Note that the command has ended."""
        found = current()
        if self.is_changing and found is not None:
            found.ownership.cell(is_over=True)

    def text(self, name: str, longest: int = LONGEST) -> str | None:
        """Return an argument that is text; None if it is missing or empty.

        Raises
        ------
        SelectionError
            If it is something else, or very long.
        """
        value = self.args.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise SelectionError(f"{name} takes text, not {_kind(value)}.")
        value = value.strip()
        if len(value) > longest:
            raise SelectionError(f"{name} takes at most {longest} characters, not {len(value):,}.")
        return value or None

    def flag(self, name: str) -> bool:
        """Return an argument that is true or false; False if it is missing."""
        value = self.args.get(name, False)
        if not isinstance(value, bool):
            raise SelectionError(f"{name} takes true or false, not {_kind(value)}.")
        return value

    def which(self) -> int | str | None:
        """Return the number or the label of a checkpoint; None if it is missing."""
        value = self.args.get("checkpoint")
        if isinstance(value, bool) or not isinstance(value, int | str | None):
            raise SelectionError(
                f"A checkpoint is given as a number or a label, not as {_kind(value)}."
            )
        return value

    def choice(self, name: str, options: tuple[str, ...]) -> str:
        """Return an argument that is one of these texts, by default the first one."""
        value = self.args.get(name)
        if value is None:
            return options[0]
        if value not in options:
            raise SelectionError(f"{name} takes {' or '.join(options)}.")
        return str(value)

    def selection(self) -> dict[str, Any]:
        """Return the arguments that select a part of the state, as keyword arguments."""
        return {name: self.args[name] for name in SELECTING if self.args.get(name) is not None}

    def stem(self) -> str:
        """Return the first part of a file's name: the page's choice, or the notebook's name."""
        known = self.page.path if self.page is not None else None
        path = PurePosixPath(known or notebook_path() or "")
        return self.text("name") or path.name.removesuffix(".ipynb")[:LONGEST] or "state"


_KINDS = {
    dict: "an object",
    list: "a list",
    bool: "true or false",
    str: "text",
    int: "a number",
    float: "a number with a fraction",
}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), type(value).__name__)
