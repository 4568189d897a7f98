"""Bundles as lines of a table, as wide as the terminal lets it be."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from ..manifest import Manifest
from ..parts.databases import tables_text
from ..report.words import printable, size_text
from . import kept, wording
from .facts import Facts

DIGITS = 12
"""Characters of a digest that are shown: enough to tell hand-ins apart, as Git does."""

_WIDEST = 40
"""Cells for names before the columns give way, where the width does not matter."""

_OTHERS = 59
"""Cells of the other columns of the narrow table."""

_NARROWEST = 16
"""Cells for names on the narrowest terminal: below that, the lines break instead."""

MARKS = {"ok": "ok", "bad": "BAD", "unknown": "????", "not verified": ""}
"""What stands in front of a line."""

_HEADS = ("bundle", "created", "litestate", "files", "dbs", "size", "digest", "tables")


@dataclass(frozen=True)
class Layout:
    """How wide the table may be.

    Attributes
    ----------
    names : int
        Cells for names.
    screen : int or None
        Cells of the terminal if the table does not fit into it; None if it may be as wide as it is.
    """

    names: int
    screen: int | None = None

    @property
    def head(self) -> str:
        """The line above the others."""
        return self._row("", *_HEADS)

    def line(self, facts: Facts) -> str:
        """Return what is known of one bundle in one line."""
        name, mark = printable(facts.name), MARKS[facts.status]
        if facts.problem or not facts.manifest:
            return f"{mark:<5}{_filled(name, self.names)}  {wording.short(facts.problem)}"
        return self._row(
            mark,
            name,
            facts.manifest.created[:16].replace("T", " "),
            _made_by(facts.manifest.generator),
            f"{facts.count('file'):,}",
            f"{facts.count('database'):,}",
            "" if facts.size is None else size_text(facts.size),
            facts.digest[:DIGITS],
            _contents(facts, facts.manifest),
        )

    def _row(self, mark: str, *texts: str) -> str:
        name, created, by, files, databases, size, digest, tables = map(printable, texts)
        name = _filled(name if self.screen is None else shortened(name, self.names), self.names)
        maker = f"  {by:<21}" if self.screen is None else ""
        row = (
            f"{mark:<5}{name}  {created:<16}{maker}  {files:>5}  {databases:>3}  {size:>8}"
            f"  {digest:<{DIGITS}}"
        )
        if self.screen is not None:
            tables = shortened(tables, self.screen - cells(row) - 2)
        return f"{row}  {tables}".rstrip()


def layout(names: Iterable[str]) -> Layout:
    """Return the layout for bundles of these names.

    In a file and in a pipe nothing is left out. On a terminal that is too narrow, names are
    shortened, the versions are left out, and of the tables there is what fits.
    """
    widest = max((cells(printable(name)) for name in names), default=0)
    width = max(len(_HEADS[0]), widest)
    if not sys.stdout.isatty():
        return Layout(min(_WIDEST, width))
    screen = shutil.get_terminal_size().columns
    if cells(Layout(width).head) <= screen:
        return Layout(width)
    return Layout(max(_NARROWEST, min(width, screen - _OTHERS)), screen)


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    East Asian wide characters take two, as in https://www.unicode.org/reports/tr11/, and what is
    put upon the character before takes none.

    Examples
    --------
    >>> cells("abc"), cells("東京"), cells("u\u0308")
    (3, 4, 1)
    """
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shortened(text: str, width: int) -> str:
    """Return a text with its middle left out if it takes more cells than there are.

    Examples
    --------
    >>> shortened("hand-ins/ada.litestate.zip", 16)
    'hand-in…tate.zip'
    """
    if cells(text) <= width:
        return text
    if width < 1:
        return ""
    end = _start(text[::-1], width // 2)[::-1]
    return f"{_start(text, width - 1 - cells(end))}…{end}"


def _start(text: str, width: int) -> str:
    for place, character in enumerate(text):
        width -= _width(character)
        if width < 0:
            return text[:place]
    return text


def _contents(facts: Facts, manifest: Manifest) -> str:
    tables = tables_text(facts.tables) if facts.count("database") else ""
    return "; ".join(text for text in (tables, kept.counts(manifest)) if text)


def _filled(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def _made_by(generator: dict[str, str]) -> str:
    runtime = "pyodide" if "pyodide" in generator else "python"
    known = {"litestate": generator.get("litestate", "?"), runtime: generator.get(runtime, "?")}
    return f"{known['litestate']}, {runtime} {known[runtime]}"[:24]
