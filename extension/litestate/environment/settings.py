"""Settings of the process that can be read and set: one group for each library or purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .executed import CUT, Executed, Log, current

Undo = Callable[[], object]


@dataclass(frozen=True)
class Group:
    """Settings that are read and set in one way.

    Attributes
    ----------
    changed : callable
        Takes the module, and yields name and value of each setting that is not as usual; a
        `NotPlainError` in place of a value that is not saved says why.
    put : callable
        Takes the module, a name and a value; sets it, and returns how to undo that, or None if
        nothing had to change. Raises any exception if the value does not fit.
    quiet : frozenset of str
        Settings that are put back without a line in the report.
    module : str
        The module, if it is not the first word of the group's name.
    """

    changed: Callable[[Any], Iterator[tuple[str, Any]]]
    put: Callable[[Any, str, Any], Undo | None]
    quiet: frozenset[str] = frozenset()
    module: str = ""


class Setting(NamedTuple):
    """One setting that a module has a function to read, and one to write.

    Attributes
    ----------
    read : callable
        Takes the module, and returns the value.
    write : callable
        Takes the module and a value.
    usual : tuple
        Values that say nothing: the defaults of the versions of Python and of the library.
    words : tuple of str
        If given, another value counts only where a cell has one of these words: libraries change
        it, too.
    """

    read: Callable[[Any], Any]
    write: Callable[[Any, Any], object]
    usual: tuple[Any, ...]
    words: tuple[str, ...] = ()


def group_of(settings: Mapping[str, Setting], quiet: frozenset[str] = frozenset()) -> Group:
    """Return the group of some settings."""

    def changed(module: Any) -> Iterator[tuple[str, Any]]:
        for name, setting in settings.items():
            value = setting.read(module)
            is_usual = any(same(value, usual) for usual in setting.usual)
            if not is_usual and (not setting.words or cells_mention(*setting.words)):
                yield name, value

    def put(module: Any, name: str, value: Any) -> Undo:
        setting = settings.get(name)
        if setting is None:
            raise KeyError("there is no setting of this name")
        before = setting.read(module)
        setting.write(module, value)
        return lambda: setting.write(module, before)

    return Group(changed, put, quiet)


def same(one: Any, other: Any) -> bool:
    """Tell whether a value is a default, whatever it answers when it is compared."""
    try:
        return type(one) is type(other) and bool(one == other)
    except Exception:
        # What compares to something that has no truth is not one of the defaults.
        return False


def cells_mention(*words: str, if_unknown: bool = True) -> bool:
    """Tell whether a cell that ran has one of these words.

    Parameters
    ----------
    *words : str
        What to look for in the sources.
    if_unknown : bool, default: True
        What to return where that cannot be known: outside of IPython, and after so many cells that
        the first ones are no longer kept.
    """
    log = current()
    own = log.own
    if not own or log.dropped:
        return if_unknown
    known = _mentions.get(words)
    if known is None or known.log is not log or known.loaded != len(log.loaded):
        known = _mentions[words] = _Mention(words, log, len(log.loaded), log.cells)
    else:
        known.read(own)
    return known.found


class _Mention:
    """Whether cells have one of some words; each cell is looked at once."""

    def __init__(
        self, words: tuple[str, ...], log: Log, loaded: int, cells: list[Executed]
    ) -> None:
        self.log, self.loaded = log, loaded
        self.found = False
        self._words = words
        self._last: Executed | None = None
        self.read(cells)

    def read(self, cells: list[Executed]) -> None:
        """Look at the cells from the last one on that was looked at."""
        if self.found:
            return
        for cell in reversed(cells):
            source = cell.source
            if any(word in source for word in self._words) or source.endswith(CUT):
                self.found = True
                return
            if cell is self._last:
                break
        self._last = cells[-1]


_mentions: dict[tuple[str, ...], _Mention] = {}
