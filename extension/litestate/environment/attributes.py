"""What a notebook has set on modules and classes of others: ``DataFrame.top = top``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from ..variables.namespace import namespace
from . import hanging, places
from .cell_targets import Chain, Reader, Targets, start_of
from .confidential import is_secret_name
from .installed import module_or_reason
from .places import MISSING, Place
from .plain_options import SECRET, NotPlainError
from .registrations import NOT_KEPT, Registrations
from .settings import Group, Undo

_ELSEWHERE = frozenset(
    (
        *("sys:path", "sys:ps1", "sys:ps2", "sys:ps3", "os:environ", "warnings:filters"),
        *("matplotlib:rcParams", "sys:modules"),
    )
)
"""Kept as something else, or the interpreter's."""

_TABLES_ELSEWHERE = frozenset(("warnings.filters", "sys.path", "logging.root.handlers"))

_SKIPPED_ROOTS = ("decimal:DefaultContext.", "pandas:options.", "matplotlib:rcParams.")

_STREAMS = frozenset(("sys:stdout", "sys:stderr", "sys:stdin", "sys:displayhook", "sys:excepthook"))
"""The kernel has its own: what a notebook puts there counts, and not that it puts these back."""


@dataclass
class Known:
    """What is known of this process from one time to the next.

    Attributes
    ----------
    thorough : bool
        Whether all modules are scanned the next time.
    scanner, registrations
        What looks into modules, and at what is no part of one.
    reader : Reader
        Reads the cells.
    assigned : dict of Place to None
        What cells have set.
    brought : set of Place
        Where something was put for a bundle or a checkpoint.
    """

    thorough: bool = True
    scanner: hanging.Scanner = field(default_factory=hanging.Scanner)
    registrations: Registrations = field(default_factory=Registrations)
    reader: Reader = field(default_factory=Reader)
    assigned: dict[Place, None] = field(default_factory=dict)
    brought: set[Place] = field(default_factory=set)


known = Known()


def changed(_: Any) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that cells have set, and where else something of the notebook hangs.

    Yields
    ------
    str, list
        ``module:path``, and the value as `places.encode` has it; a `NotPlainError` says why it is
        not kept.
    """
    names = namespace()
    hung, tables = known.scanner.scan(names, thorough=known.thorough)
    for table, held in tables.items():
        if table not in _TABLES_ELSEWHERE:
            listed = ", ".join(held[:5])
            yield table, NotPlainError(f"the notebook has registered {listed} there, {NOT_KEPT}")
    for label, reason in known.registrations.changed(names):
        yield label, NotPlainError(reason)
    _read_cells(names)
    for place in dict.fromkeys([*known.assigned, *known.brought, *hung]):
        if str(place) in _ELSEWHERE or str(place).startswith(_SKIPPED_ROOTS):
            continue
        try:
            value = places.value_at(places.owner_of(place), place.path[-1])
        except (AttributeError, KeyError):
            continue
        if value is MISSING or (str(place) in _STREAMS and not places.is_notebooks(value, names)):
            continue
        try:
            encoded = places.encode(value, names)
        except NotPlainError as error:
            yield str(place), NotPlainError(f"the notebook has set it, and {error}: it is not kept")
            continue
        if encoded[0] == "value" and isinstance(value, str) and is_secret_name(place.path[-1]):
            yield str(place), NotPlainError(SECRET)
            continue
        # Its own again.
        if encoded != ["import", str(place)]:
            yield str(place), encoded


def put(_: Any, name: str, value: Any) -> Undo | None:
    """Set an attribute again."""
    names = namespace()
    place = places.of_text(name)
    # In the site, a package that it has may have to be loaded first.
    package, reason = module_or_reason(place.module.partition(".")[0], trusted=True)
    if package is None:
        raise ValueError(reason)
    places.imported_module(place.module)
    owner, attribute = places.owner_of(place), place.path[-1]
    before = places.value_at(owner, attribute)
    if isinstance(value, list) and value[:1] == ["accessor"] and len(value) == 2:
        wanted = _accessor(attribute, places.decode(value[1], names))
    else:
        wanted = places.decode(value, names)
    if before is not wanted:
        setattr(owner, attribute, wanted)
    known.brought.add(place)
    if before is wanted:
        return None

    def undo() -> None:
        known.brought.discard(place)
        if before is MISSING:
            delattr(owner, attribute)
        else:
            setattr(owner, attribute, before)

    return undo


def _accessor(name: str, cls: Any) -> Any:
    kinds = places.imported_module("pandas.core.accessor")
    kind = next(getattr(kinds, each) for each in places.ACCESSORS if hasattr(kinds, each))
    return kind(name, cls)


def _read_cells(names: Mapping[str, Any]) -> None:
    """Remember what the cells have set that have run since the last time."""
    for found in known.reader.unread():
        for chain in found.set:
            if place := place_of(chain, found, names):
                known.assigned[place] = None


def place_of(chain: Chain, found: Targets, names: Mapping[str, Any]) -> Place | None:
    """Return what a dotted name in a cell means, if a module or a class of others leads to it."""
    obj = start_of(chain[0], found, names)
    place = _of_start(obj)
    if place is None:
        return None
    for step in chain[1:-1]:
        obj, place = places.step(obj, step), Place(place.module, (*place.path, step))
        if isinstance(obj, ModuleType | type):
            place = _of_start(obj) or place
    return Place(place.module, (*place.path, chain[-1]))


def _of_start(obj: Any) -> Place | None:
    if isinstance(obj, type):
        return places.of_class(obj)
    if isinstance(obj, ModuleType) and sys.modules.get(obj.__name__) is obj:
        return Place(obj.__name__, ()) if obj.__name__ != "__main__" else None
    return None


GROUPS = {"attributes": Group(changed, put, module="sys")}
"""As in `options`."""
