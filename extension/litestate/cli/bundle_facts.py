"""Facts about one bundle: whether it is good, its content, and its signature."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ..bundle import Limits, Reader
from ..bundle.manifest import Kind, Manifest, Member
from ..bundle.variable_members import variables_of
from ..errors import BundleError, ForgedBundleError, NewerFormatError, SourceError
from ..shell import progress
from ..state import load
from ..state.bundle_files import expanded
from ..state.load import open_bundle
from ..trust import judge
from . import messages
from .bundle_arguments import NamedBundle

Signed = Literal["own", "other", "no", "forged"]
"""Signed with the key of this computer, with another key, not at all, or with a false signature
under the name of this computer's key."""


@dataclass(frozen=True)
class Facts:
    """Facts about one bundle.

    Attributes
    ----------
    name : str
        Path or URL.
    size : int or None
        Bytes of the bundle itself; None if unknown.
    manifest : Manifest or None
        None if it cannot be read.
    verified : bool
        Whether every byte was checked.
    problem : str
        The error of the bundle, or why it could not be read; empty if no error is known.
    is_bad : bool
        Whether the problem is the bundle's own. It is not where another machine, a newer litestate
        or ``--no-limits`` may find it good.
    signed : {"own", "other", "no", "forged"}
        Which key has signed it.
    """

    name: str
    size: int | None
    manifest: Manifest | None
    verified: bool
    problem: str = ""
    is_bad: bool = False
    signed: Signed = "no"

    @property
    def digest(self) -> str:
        """Content digest; empty for a bad bundle."""
        return self.manifest.content_digest if self.manifest and not self.problem else ""

    @property
    def status(self) -> str:
        """``"ok"``, ``"bad"``, ``"unknown"`` (not readable here), or ``"not verified"``."""
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
        """Return the number of members of one kind."""
        return len(self._of(kind))

    def _of(self, kind: Kind) -> list[Member]:
        return [m for m in self.manifest.members if m.kind == kind] if self.manifest else []


def read_each(
    bundles: Sequence[NamedBundle], *, verify: bool, limits: Limits | None
) -> Iterator[Facts]:
    """Yield the facts about each bundle, and show the progress.

    Parameters
    ----------
    bundles : sequence of NamedBundle
        The bundles.
    verify : bool
        Whether to read all bytes, or only the tables of contents.
    limits : Limits or None
        The largest sizes to accept.
    """
    # On a terminal, the lines of the output show the progress; a bar would stand between them.
    total = 0 if sys.stdout.isatty() else len(bundles)
    with progress.shown("Reading", total, "bundle") as advance:
        for bundle in bundles:
            yield _read(bundle, verify=verify, limits=limits)
            advance(1)


def exit_code(every: Iterable[Facts]) -> int:
    """Return 1 if one of the bundles is bad or unknown, else 0."""
    return 1 if any(facts.problem for facts in every) else 0


def signed_by(reader: Reader) -> Signed:
    """Return which key has signed a bundle.

    Raises
    ------
    ForgedBundleError
        If it names this computer's key, and was not signed with it.
    """
    verdict = judge(reader.signature, reader.manifest_bytes)
    if verdict == "own":
        return "own"
    return "other" if reader.signature else "no"


def kernel_members_text(manifest: Manifest) -> str:
    """Return the content that only a kernel can hold, such as ``3 variables, session``."""
    texts = []
    if count := len(variables_of(manifest.members)):
        texts.append(f"{count:,} variable{'s' * (count > 1)}")
    kinds = {member.kind for member in manifest.members}
    return ", ".join([*texts, *(kind for kind in ("packages", "session") if kind in kinds)])


def _read(bundle: NamedBundle, *, verify: bool, limits: Limits | None) -> Facts:
    name, size = bundle.name, bundle.size
    if bundle.problem:
        return Facts(name, None, None, verify, bundle.problem, is_bad=True)
    manifest = None
    signed: Signed = "no"
    try:
        with open_bundle(name, limits) as (reader, label):
            manifest = reader.manifest
            signed = signed_by(reader)
            if verify:
                load.verify(reader, label)
    except messages.FAILURES as error:
        problem = messages.message_about(name, error)
        if isinstance(error, ForgedBundleError):
            signed = "forged"
        return Facts(name, size, manifest, verify, problem, _is_its_own_fault(name, error), signed)
    return Facts(name, size, manifest, verify, signed=signed)


def _is_its_own_fault(name: str, error: Exception) -> bool:
    if isinstance(error, BundleError):
        return not (isinstance(error, NewerFormatError) or messages.is_about_limits(error))
    # A file that is named and cannot be opened counts as not handed in. A server that does not
    # answer, or a compression that this Python lacks, is not the fault of the bundle.
    is_url = name.startswith(("http://", "https://"))
    return isinstance(error, SourceError) and not is_url and not _can_be_opened(name)


def _can_be_opened(name: str) -> bool:
    try:
        with expanded(name).open("rb"):
            return True
    except OSError:
        return False
