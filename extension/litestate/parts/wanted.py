"""What somebody wants of what is loaded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import SelectionError
from ..plan import Target
from ..variables.namespace import Choice, is_session
from ..variables.taking import Taken


@dataclass(frozen=True)
class Wanted:
    """What of a bundle or checkpoint is wanted.

    Attributes
    ----------
    targets : list of Target
        Files, folders, links and databases.
    variables : bool, str or sequence of str
        Which variables.
    trusted : bool
        Whether what is loaded may run code.
    clean : bool
        Whether what is here and not there goes.
    protected : frozenset of str
        Variables that are neither replaced nor removed.
    partly : bool
        Whether variables that are not stored as they should be fail by themselves, instead of all.
    here : Taken, optional
        The present variables, if a scan has just taken them.
    """

    targets: list[Target]
    variables: Choice = False
    trusted: bool = False
    clean: bool = False
    protected: frozenset[str] = frozenset()
    partly: bool = False
    here: Taken | None = None

    def covers(self, name: str) -> bool:
        """Tell whether a name is wanted, wherever it is."""
        if name in self.protected:
            return False
        if self.variables is None or isinstance(self.variables, bool):
            return self.variables is not False
        return name in _set_of(self.variables)

    def names(self, stored: Iterable[str]) -> set[str]:
        """Return which of the stored names are wanted.

        Raises
        ------
        SelectionError
            If one is named that is not there.
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


def choice(variables: Choice, paths: object) -> Choice:
    """Return which variables are meant, where ``paths=`` may name files alone.

    Raises
    ------
    SelectionError
        If it is no choice.
    """
    if variables is None:
        return paths is None and is_session()
    if isinstance(variables, bool | str):
        return variables
    if not isinstance(variables, Iterable) or not all(isinstance(n, str) for n in variables):
        raise SelectionError(f"variables= takes names, True or False, not {variables!r}.")
    return list(variables)
