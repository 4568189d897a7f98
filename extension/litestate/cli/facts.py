"""What is known of one bundle: what somebody wants to know who has two hundred of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .. import loading
from ..errors import LitestateError
from ..loading import open_bundle
from ..manifest import Kind, Manifest, Member
from .finding import Found


@dataclass(frozen=True)
class Facts:
    """What is known of one bundle.

    Attributes
    ----------
    name : str
        Path or URL.
    size : int or None
        Bytes of the bundle itself; None where that is not known.
    manifest : Manifest or None
        None for one that cannot be read.
    verified : bool
        Whether every byte was checked.
    problem : str
        What is wrong with it; empty if nothing is known to be.
    """

    name: str
    size: int | None
    manifest: Manifest | None
    verified: bool
    problem: str = ""

    @property
    def digest(self) -> str:
        """Content digest; empty for a bad bundle."""
        return self.manifest.content_digest if self.manifest and not self.problem else ""

    @property
    def status(self) -> str:
        """What is known: ok, bad, or that it was not verified."""
        if self.problem:
            return "bad"
        return "ok" if self.verified else "not verified"

    @property
    def tables(self) -> dict[str, int | None]:
        """Tables of all databases with their rows; None where they were not counted."""
        tables: dict[str, int | None] = {}
        databases = self._of("database")
        for member in databases:
            # Tables of one name in two databases are two tables.
            prefix = f"{member.relative}:" if len(databases) > 1 else ""
            listed = member.details.get("tables", {})
            tables |= {f"{prefix}{name}": rows for name, rows in listed.items()}
        return tables

    def count(self, kind: Kind) -> int:
        """Return how many members are of one kind."""
        return len(self._of(kind))

    def _of(self, kind: Kind) -> list[Member]:
        return [m for m in self.manifest.members if m.kind == kind] if self.manifest else []


def look(found: Found, *, verify: bool) -> Facts:
    """Read one bundle's table of contents, or all of it."""
    if found.problem:
        return Facts(found.name, None, None, verify, found.problem)
    manifest = None
    try:
        with open_bundle(found.name) as (reader, label):
            manifest = reader.manifest
            if verify:
                loading.verify(reader, label)
    except (LitestateError, OSError) as error:
        # The name stands in front already.
        problem = str(error).removeprefix(f"{_label(found.name)}: ")
        return Facts(found.name, found.size, manifest, verify, problem)
    return Facts(found.name, found.size, manifest, verify)


def _label(name: str) -> str:
    return name if name.startswith(("http://", "https://")) else Path(name).name
