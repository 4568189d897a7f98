"""What is known of one bundle: what somebody wants to know who has two hundred of them."""

from __future__ import annotations

from dataclasses import dataclass

from .. import loading
from ..bundle import Limits
from ..errors import BundleError, ForgedBundleError, NewerFormatError, SourceError
from ..groups import variables_of
from ..loading import open_bundle
from ..manifest import Kind, Manifest, Member
from ..sources import expanded
from . import kept, wording
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
        What is wrong with it, or why that is not known; empty if nothing is known to be.
    is_bad : bool
        Whether the problem is the bundle's own. It is not where another machine, a newer litestate
        or ``--no-limits`` may find it good.
    signed : {"own", "other", "no", "forged"}
        Who has signed it.
    """

    name: str
    size: int | None
    manifest: Manifest | None
    verified: bool
    problem: str = ""
    is_bad: bool = False
    signed: kept.Signed = "no"

    @property
    def digest(self) -> str:
        """Content digest; empty for a bad bundle."""
        return self.manifest.content_digest if self.manifest and not self.problem else ""

    @property
    def status(self) -> str:
        """What is known: ok, bad, unknown (it could not be read here), or not verified."""
        if self.problem:
            return "bad" if self.is_bad else "unknown"
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

    @property
    def variables(self) -> list[str]:
        """Names of the variables."""
        return list(variables_of(self.manifest.members)) if self.manifest else []

    def count(self, kind: Kind) -> int:
        """Return how many members are of one kind."""
        return len(self._of(kind))

    def _of(self, kind: Kind) -> list[Member]:
        return [m for m in self.manifest.members if m.kind == kind] if self.manifest else []


def look(found: Found, *, verify: bool, limits: Limits | None = None) -> Facts:
    """Read one bundle's table of contents, or all of it."""
    if found.problem:
        return Facts(found.name, None, None, verify, found.problem, is_bad=True)
    manifest = None
    signed: kept.Signed = "no"
    try:
        with open_bundle(found.name, limits) as (reader, label):
            manifest = reader.manifest
            signed = kept.signed_by(reader)
            if verify:
                loading.verify(reader, label)
    except wording.FAILURES as error:
        problem = wording.problem(error, found.name)
        is_bad = _is_its_own_fault(error, found.name)
        if isinstance(error, ForgedBundleError):
            signed = "forged"
        return Facts(found.name, found.size, manifest, verify, problem, is_bad, signed)
    return Facts(found.name, found.size, manifest, verify, signed=signed)


def _is_its_own_fault(error: Exception, name: str) -> bool:
    if isinstance(error, BundleError):
        return not (isinstance(error, NewerFormatError) or wording.is_about_limits(error))
    # What is named and cannot be opened is as good as not handed in. A server that does not answer,
    # and a compression that this Python lacks, say nothing of the bundle.
    is_url = name.startswith(("http://", "https://"))
    return isinstance(error, SourceError) and not is_url and not _can_be_opened(name)


def _can_be_opened(name: str) -> bool:
    try:
        with expanded(name).open("rb"):
            return True
    except OSError:
        return False
