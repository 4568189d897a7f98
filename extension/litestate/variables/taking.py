"""Turn the notebook's names into groups that can be stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..manifest import Skipped
from .about import about
from .encoder import Encoder
from .failures import NotSavedError
from .group import VALUES, Group, key_of
from .pauses import no_collection
from .reading_back import failures

_SMALL = 4096
"""Bytes: what is written anew with each number that changes."""

_READ_BACK = "it can be pickled, but not loaded: {}"

_ADVICE = "Make it again after loading; the other variables are saved."


@dataclass
class Taken:
    """What was taken.

    Attributes
    ----------
    groups : list of Group
        Of names that share objects.
    skipped : list of Skipped
        Names that cannot be stored, and why.
    notes : dict of str to list of str
        By name, what will not be quite as it was.
    """

    groups: list[Group] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """All names that are in it."""
        return {name for group in self.groups for name in group.names}


@dataclass
class One:
    """One name, looked at by itself.

    Attributes
    ----------
    name, value
        The name, and what it stands for.
    encoder, document
        Its graph.
    shared : set of int
        Ids of the objects that other names may hold, too.
    """

    name: str
    value: Any
    encoder: Encoder
    document: bytes
    shared: set[int]

    @property
    def is_simple(self) -> bool:
        """Whether it is a number, a short text or an import."""
        return not self.shared and len(self.document) < _SMALL


def look_at(name: str, namespace: Mapping[str, Any]) -> One | Skipped:
    """Take one name by itself, or say why it cannot be stored."""
    value = namespace[name]
    try:
        encoder, document = encoded({name: value}, namespace)
    except NotSavedError as error:
        return _skipped(name, error)
    return One(name, value, encoder, document, encoder.shared)


def take(namespace: Mapping[str, Any], names: Iterable[str]) -> Taken:
    """Take names with all that belongs to them.

    Parameters
    ----------
    namespace : mapping
        Where they are.
    names : iterable of str
        Which.

    Returns
    -------
    Taken
        One that cannot be stored takes no others with it.
    """
    taken, found = Taken(), []
    with no_collection():
        for name in names:
            one = look_at(name, namespace)
            if isinstance(one, Skipped):
                taken.skipped.append(one)
            else:
                found.append(one)
        for ones in together(found):
            put(ones, taken)
    return taken


def together(found: Sequence[One]) -> list[list[One]]:
    """Return which names share something; those that are simple are together, too."""
    sets: list[tuple[list[One], set[int]]] = []
    seen: set[int] = set()
    for one in found:
        if one.is_simple:
            continue
        mine, ids = [one], one.shared
        is_alone = seen.isdisjoint(ids)
        seen |= ids
        if is_alone:
            sets.append((mine, ids))
            continue
        for other in [each for each in sets if not ids.isdisjoint(each[1])]:
            sets.remove(other)
            mine = other[0] + mine
            ids = ids | other[1]
        sets.append((mine, ids))
    simple = [one for one in found if one.is_simple]
    return [*([simple] if simple else []), *(ones for ones, _ in sets)]


def put(ones: Sequence[One], taken: Taken) -> None:
    """Add a group of names that share something."""
    ones = sorted(ones, key=lambda one: one.name)
    encoder, document = ones[0].encoder, ones[0].document
    if len(ones) > 1:
        try:
            encoder, document = encoded({one.name: one.value for one in ones}, encoder.namespace)
        except NotSavedError as error:
            taken.skipped += [_skipped(one.name, error) for one in ones]
            for one in ones:
                one.encoder.forget()
            return
    names = tuple(one.name for one in ones)
    key = VALUES if ones[0].is_simple else key_of(names)
    group = Group(key, names, document, encoder.buffers, encoder.pickles)
    failed = failures(group, encoder.namespace) if encoder.is_doubtful else {}
    if failed:
        taken.skipped += [
            Skipped(name, _READ_BACK.format(reason), _ADVICE, f"variables/{name}")
            for name, reason in failed.items()
        ]
        for one in ones:
            if one.name in failed:
                one.encoder.forget()
        rest = [one for one in ones if one.name not in failed]
        if rest:
            put(rest, taken)
        return
    # Notes that only arise together are reported for the names that they concern.
    known = {note for one in ones for note in one.encoder.notes}
    more = [note for note in encoder.notes if note not in known]
    for one in ones:
        group.about[one.name] = about(one.value, _size(one, group))
        if key == VALUES:
            # They are stored together: only this tells which of them have changed.
            digest = hashlib.blake2b(one.document, digest_size=8).hexdigest()
            group.about[one.name]["digest"] = digest
        about_it = [note for note in more if _concerns(encoder.notes[note], one)]
        if notes := [*one.encoder.notes, *about_it]:
            taken.notes[one.name] = notes
    for each in (encoder, *(one.encoder for one in ones)):
        each.forget()
    taken.groups.append(group)


def _concerns(ids: set[int], one: One) -> bool:
    return not ids or not ids.isdisjoint(one.shared)


def encoded(values: Mapping[str, Any], namespace: Any) -> tuple[Encoder, bytes]:
    """Return a graph, and what made it.

    Raises
    ------
    NotSavedError
        If something in it cannot be stored.
    """
    try:
        try:
            return _encoded(Encoder(namespace), values)
        except (ValueError, TypeError):
            # NaN and infinity are no JSON, and so on; only writing it shows that they are there.
            return _encoded(Encoder(namespace, fast=False), values)
    except NotSavedError:
        raise
    except RecursionError:
        raise NotSavedError("it is nested too deeply") from None
    except MemoryError:
        raise NotSavedError("there is not enough memory") from None
    except Exception as error:
        # One takes no others with it, whatever it is: it may change while it is looked at.
        raise NotSavedError(f"looking at it raised {type(error).__name__}: {error}") from error


def _encoded(encoder: Encoder, values: Mapping[str, Any]) -> tuple[Encoder, bytes]:
    try:
        return encoder, encoder.encode(values)
    except BaseException:
        encoder.forget()
        raise


def _skipped(name: str, error: NotSavedError) -> Skipped:
    return Skipped(name, str(error), _ADVICE, f"variables/{name}")


def _size(one: One, group: Group) -> int:
    if len(group.names) == 1:
        return group.size
    return len(one.document) + sum(memoryview(each).nbytes for each in one.encoder.buffers)
