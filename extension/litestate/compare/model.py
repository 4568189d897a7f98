"""What differs between two bundles, without how it looks."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ..manifest import Kind

Verdict = Literal["added", "removed", "changed"]

Matching = Literal["primary key", "rowid", "content"]
"""How the rows of two tables were paired. By content, a changed row is one removed and one added
row."""


@dataclass(frozen=True)
class Side:
    """A file, folder, link or database as one of the two bundles has it, or what is no file.

    Attributes
    ----------
    kind : Kind
        What it is; never ``"variables"``.
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
    """One path whose kind, content or permissions differ; for a database not its content.

    Attributes
    ----------
    place : str
        Root and relative path.
    before, after : Side or None
        None where that bundle has nothing there.
    """

    place: str
    before: Side | None
    after: Side | None

    @property
    def verdict(self) -> Verdict:
        """What happened on the way from the first to the second."""
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
        Whether one side has no such table, or both have one.
    rows_added, rows_removed, rows_changed : int
        Numbers of rows. Of a table that one side has not, all its rows.
    matched_by : {"primary key", "rowid", "content"} or None
        How rows were paired; None where only one side has the table.
    columns_added, columns_removed : tuple of str
        Columns of one side only. Rows are compared by the others.
    is_redefined : bool
        Whether the CREATE TABLE statements differ.
    is_reindexed : bool
        Whether a virtual table has the same rows and keeps another index of them.
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
    """A database that both have, with different bytes.

    Attributes
    ----------
    place : str
        Root and relative path.
    tables, objects : tuple
        What differs in it.
    settings : tuple of str
        What differs besides, for example ``user_version 1 → 2``.
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
    """A variable as one of the two bundles has it.

    Attributes
    ----------
    type : str
        Its type.
    text : str
        The start of what it is, as text.
    size : int
        Bytes that it took in memory.
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
        None where that bundle has no such variable.
    """

    name: str
    before: VariableSide | None
    after: VariableSide | None

    @property
    def verdict(self) -> Verdict:
        """What happened on the way from the first to the second."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass
class Comparison:
    """What differs between two bundles.

    Attributes
    ----------
    before, after : str
        What the two are called.
    files : list of FileChange
        Paths that differ.
    databases : list of DatabaseChange
        Databases that both have and whose bytes differ.
    variables : list of VariableChange
        Variables that differ.
    same : int
        Number of files, folders, links, databases and variables that do not differ.
    notes : list of str
        What could not be compared because it is in neither.
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
        """Whether there is no difference but in how a database is stored."""
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
