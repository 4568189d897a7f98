"""Capture of the notebook's variables as groups that can be stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..bundle.manifest import Skipped
from .descriptions import describe
from .failures import NotSavedError
from .graph.encoder import Encoder
from .group import VALUES, Group, key_of
from .interpreter_limits import no_collection
from .trial_restore import load_failures

_SMALL = 4096
"""Bytes of a graph below which a value joins the group that is rewritten when a number changes."""

_READ_BACK = "it can be pickled, but not loaded: {}"

_ADVICE = "Make it again after loading; the other variables are saved."


@dataclass
class Taken:
    """Captured variables.

    Attributes
    ----------
    groups : list of Group
        Each of names that share objects.
    skipped : list of Skipped
        Names that cannot be stored, with reasons.
    notes : dict of str to list of str
        By name, what will differ after loading.
    """

    groups: list[Group] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """All captured names."""
        return {name for group in self.groups for name in group.names}


@dataclass
class EncodedVariable:
    """One variable, encoded without the others.

    Attributes
    ----------
    name, value
        The name and its value.
    encoder, document
        Its graph, and the encoder that made it.
    shared : set of int
        Ids of the objects that other names may hold too.
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


def encode_variable(name: str, namespace: Mapping[str, Any]) -> EncodedVariable | Skipped:
    """Encode one variable, or return why it cannot be stored."""
    value = namespace[name]
    try:
        encoder, document = encode_graph({name: value}, namespace)
    except NotSavedError as error:
        return _skipped(name, error)
    return EncodedVariable(name, value, encoder, document, encoder.shared)


def take(namespace: Mapping[str, Any], names: Iterable[str]) -> Taken:
    """Capture variables.

    Parameters
    ----------
    namespace : mapping
        The notebook's.
    names : iterable of str
        The variables.

    Returns
    -------
    Taken
        A variable that cannot be stored does not affect the others.
    """
    taken, found = Taken(), []
    with no_collection():
        for name in names:
            one = encode_variable(name, namespace)
            if isinstance(one, Skipped):
                taken.skipped.append(one)
            else:
                found.append(one)
        for ones in sharing_sets(found):
            add_group(ones, taken)
    return taken


def sharing_sets(found: Sequence[EncodedVariable]) -> list[list[EncodedVariable]]:
    """Return the variables in sets that share objects; the simple ones form one set."""
    sets: list[tuple[list[EncodedVariable], set[int]]] = []
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


def add_group(ones: Sequence[EncodedVariable], taken: Taken) -> None:
    """Add a group of variables that share objects to the captured ones."""
    ones = sorted(ones, key=lambda one: one.name)
    encoder, document = ones[0].encoder, ones[0].document
    if len(ones) > 1:
        try:
            encoder, document = encode_graph(
                {one.name: one.value for one in ones}, encoder.namespace
            )
        except NotSavedError as error:
            taken.skipped += [_skipped(one.name, error) for one in ones]
            for one in ones:
                one.encoder.forget()
            return
    names = tuple(one.name for one in ones)
    key = VALUES if ones[0].is_simple else key_of(names)
    group = Group(key, names, document, encoder.buffers, encoder.pickles)
    failed = load_failures(group, encoder.namespace) if encoder.needs_trial else {}
    if failed:
        taken.skipped += [
            Skipped(name, _READ_BACK.format(reason), _ADVICE, f"variables/{name}")
            for name, reason in failed.items()
        ]
        if len(ones) > 1:
            encoder.forget()
        for one in ones:
            if one.name in failed:
                one.encoder.forget()
        rest = [one for one in ones if one.name not in failed]
        if rest:
            add_group(rest, taken)
        return
    # Notes that arise only in the group are reported for the names that they concern.
    known = {note for one in ones for note in one.encoder.notes}
    more = [note for note in encoder.notes if note not in known]
    for one in ones:
        group.about[one.name] = describe(one.value, _size(one, group))
        if key == VALUES:
            # All values are stored together: the digest tells which of them have changed.
            digest = hashlib.blake2b(one.document, digest_size=8).hexdigest()
            group.about[one.name]["digest"] = digest
        about_it = [note for note in more if _concerns(encoder.notes[note], one)]
        if notes := [*one.encoder.notes, *about_it]:
            taken.notes[one.name] = notes
    for each in (encoder, *(one.encoder for one in ones)):
        each.forget()
    taken.groups.append(group)


def _concerns(ids: set[int], one: EncodedVariable) -> bool:
    return not ids or not ids.isdisjoint(one.shared)


def encode_graph(values: Mapping[str, Any], namespace: Any) -> tuple[Encoder, bytes]:
    """Return the graph of some variables, and the encoder that made it.

    Raises
    ------
    NotSavedError
        If an object in it cannot be stored.
    """
    try:
        try:
            return _encode(Encoder(namespace), values)
        except (ValueError, TypeError):
            # JSON has no NaN or infinity, for example; only writing the graph finds them.
            return _encode(Encoder(namespace, fast=False), values)
    except NotSavedError:
        raise
    except RecursionError:
        raise NotSavedError("it is nested too deeply") from None
    except MemoryError:
        raise NotSavedError("there is not enough memory") from None
    except Exception as error:
        # Any error affects this variable only; a thread may change it while it is encoded.
        raise NotSavedError(f"reading it raised {type(error).__name__}: {error}") from error


def _encode(encoder: Encoder, values: Mapping[str, Any]) -> tuple[Encoder, bytes]:
    try:
        return encoder, encoder.encode(values)
    except BaseException:
        encoder.forget()
        raise


def _skipped(name: str, error: NotSavedError) -> Skipped:
    return Skipped(name, str(error), _ADVICE, f"variables/{name}")


def _size(one: EncodedVariable, group: Group) -> int:
    if len(group.names) == 1:
        return group.size
    return len(one.document) + sum(memoryview(each).nbytes for each in one.encoder.buffers)
