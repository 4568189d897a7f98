"""Differences between two bundles, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ..bundle.manifest import Kind

Verdict = Literal["added", "removed", "changed"]

Matching = Literal["primary key", "rowid", "content"]
"""How the rows of two tables were paired. By content, a changed row is one removed and one added
row."""


@dataclass(frozen=True)
class Side:
    """A file, folder, link, database, list of packages or session of one of the two bundles.

    Attributes
    ----------
    kind : Kind
        Its kind; never ``"variables"``.
    size : int
        Bytes.
    mode : int
        Permission bits.
    sha256 : str
        Hexadecimal SHA-256 of the content.
    """

    kind: Kind
    size: int
    mode: int
    sha256: str


@dataclass(frozen=True)
class FileChange:
    """One path whose kind, content or permissions differ; for a database without its content.

    Attributes
    ----------
    place : str
        Root and relative path.
    before, after : Side or None
        None if that bundle does not have the path.
    """

    place: str
    before: Side | None
    after: Side | None

    @property
    def verdict(self) -> Verdict:
        """The change from the first bundle to the second."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True)
class TableChange:
    """One table that differs.

    Attributes
    ----------
    name : str
        Its name.
    verdict : {"added", "removed", "changed"}
        Whether only one side has the table, or both.
    rows_added, rows_removed, rows_changed : int
        Numbers of rows. For a table that only one side has, all its rows.
    matched_by : {"primary key", "rowid", "content"} or None
        How rows were paired; None if only one side has the table.
    columns_added, columns_removed : tuple of str
        Columns of one side only. Rows are compared by the others.
    is_redefined : bool
        Whether the CREATE TABLE statements differ.
    is_reindexed : bool
        Whether a virtual table has the same rows with another index.
    problem : str
        Why its rows were not compared; empty if they were.
    """

    name: str
    verdict: Verdict
    rows_added: int = 0
    rows_removed: int = 0
    rows_changed: int = 0
    matched_by: Matching | None = None
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    is_redefined: bool = False
    is_reindexed: bool = False
    problem: str = ""


@dataclass(frozen=True)
class ObjectChange:
    """A view, index or trigger that differs."""

    kind: str
    name: str
    verdict: Verdict


@dataclass(frozen=True)
class DatabaseChange:
    """A database that both bundles have, with different bytes.

    Attributes
    ----------
    place : str
        Root and relative path.
    tables, objects : tuple
        The tables, views, indexes and triggers that differ.
    settings : tuple of str
        Other differences, for example ``user_version 1 → 2``.
    problem : str
        Why it was not compared; empty if it was.
    """

    place: str
    tables: tuple[TableChange, ...] = ()
    objects: tuple[ObjectChange, ...] = ()
    settings: tuple[str, ...] = ()
    problem: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether it holds the same tables and rows, only stored in another way."""
        return not (self.tables or self.objects or self.settings or self.problem)


@dataclass(frozen=True)
class VariableSide:
    """A variable of one of the two bundles.

    Attributes
    ----------
    type : str
        Its type.
    text : str
        The start of its value as text.
    size : int
        Bytes that it used in memory.
    """

    type: str
    text: str
    size: int


@dataclass(frozen=True)
class VariableChange:
    """A variable that differs, or shares objects with one that does.

    Attributes
    ----------
    name : str
        Its name.
    before, after : VariableSide or None
        None if that bundle does not have the variable.
    """

    name: str
    before: VariableSide | None
    after: VariableSide | None

    @property
    def verdict(self) -> Verdict:
        """The change from the first bundle to the second."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass
class Comparison:
    """The differences between two bundles.

    Attributes
    ----------
    before, after : str
        The names of the two.
    files : list of FileChange
        Paths that differ.
    databases : list of DatabaseChange
        Databases that both bundles have, with different bytes.
    variables : list of VariableChange
        Variables that differ.
    same : int
        Number of files, folders, links, databases and variables that do not differ.
    notes : list of str
        What was not saved in one of them, and so not compared.
    """

    before: str
    after: str
    files: list[FileChange] = field(default_factory=list)
    databases: list[DatabaseChange] = field(default_factory=list)
    variables: list[VariableChange] = field(default_factory=list)
    same: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Whether the only differences are in the way databases are stored."""
        return not (self.files or self.variables) and all(
            database.is_equal for database in self.databases
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        document = asdict(self)
        for change, plain in zip(self.files, document["files"], strict=True):
            plain["verdict"] = change.verdict
        for variable, plain in zip(self.variables, document["variables"], strict=True):
            plain["verdict"] = variable.verdict
        for database, plain in zip(self.databases, document["databases"], strict=True):
            plain["equal"] = database.is_equal
        return {"equal": self.is_equal, **document}
