"""The protocol of the parts, and of a load: its source, and the user's selection of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..bundle import Writer
from ..bundle.manifest import Manifest, Member
from ..errors import SelectionError
from ..files.survey import Paths
from ..files.survey_items import Survey
from ..report import Section
from ..transaction.plan import Plan, Target
from ..variables.capture import Taken
from ..variables.namespace import Choice


class Part(Protocol):
    """One kind of state."""

    def describe(self, survey: Survey) -> Section:
        """Report what would be saved."""
        ...

    def capture(self, survey: Survey, sink: Writer) -> Section:
        """Write the state into a bundle; report what was saved and what was not."""
        ...

    def apply(self, source: Loadable, wanted: LoadRequest, plan: Plan) -> Section:
        """Compare the stored state with the present one and stage the changes; change nothing."""
        ...


class Loadable(Protocol):
    """A stored state to load: a bundle or a checkpoint.

    Attributes
    ----------
    what : str
        Its kind for reports: ``"bundle"`` or ``"checkpoint"``.
    verb : str
        The action for reports: ``"Loaded"`` or ``"Restored"``.
    advance : callable
        Called with the number of bytes of content that were read since the last call.
    trusted : bool
        Whether it may run code: this computer made it, or the user trusts it.
    """

    what: str
    verb: str
    trusted: bool
    advance: Callable[[int], object]

    @property
    def manifest(self) -> Manifest:
        """The description of the state."""

    @property
    def total(self) -> int:
        """Bytes of content."""

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Yield the content of one member; it is verified once the iterator ends."""

    def content(self, member: Member) -> bytes:
        """Return the content of a small member."""

    def matches(self, member: Member, pieces: Iterable[bytes]) -> bool:
        """Tell whether this content, of the same size, equals that of the member."""


@dataclass(frozen=True)
class LoadRequest:
    """A request to load a part of a bundle or checkpoint.

    Attributes
    ----------
    paths, exclude
        As for `litestate.load_state`.
    variables : bool, str or sequence of str
        Which variables.
    clean : bool
        Whether to remove state that is not in the source.
    dry_run : bool
        Whether to change nothing, and report what would change.
    protected : frozenset of str
        Variables that are neither replaced nor removed.
    partly : bool
        Whether a variable with a damaged encoding fails alone instead of failing the load.
    targets : sequence of Target
        Files, folders, links and databases of the source that are selected.
    trusted : bool
        Whether the source may run code.
    here : Taken, optional
        The present variables, if a scan has just taken them.
    """

    paths: Paths = None
    exclude: Sequence[str] | str = ()
    variables: Choice = False
    clean: bool = False
    dry_run: bool = False
    protected: frozenset[str] = frozenset()
    partly: bool = False
    targets: Sequence[Target] = ()
    trusted: bool = False
    here: Taken | None = None

    def covers(self, name: str) -> bool:
        """Tell whether a variable is wanted, stored or not."""
        if name in self.protected:
            return False
        if self.variables is None or isinstance(self.variables, bool):
            return self.variables is not False
        return name in _set_of(self.variables)

    def names(self, stored: Iterable[str]) -> set[str]:
        """Return which of the stored variables are wanted.

        Raises
        ------
        SelectionError
            If the user named one that is not stored.
        """
        names = set(stored)
        if self.variables is False:
            return set()
        if self.variables is None or self.variables is True:
            return names - self.protected
        wanted = _set_of(self.variables)
        if missing := sorted(map(str, wanted - names)):
            raise SelectionError(
                f"There is no variable {missing[0]!r} to load. Nothing was changed."
            )
        return wanted


def _set_of(given: str | Iterable[str]) -> set[str]:
    return {given} if isinstance(given, str) else set(given)
