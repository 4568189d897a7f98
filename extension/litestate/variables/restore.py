"""Restore of the notebook's variables from stored groups."""

from __future__ import annotations

import builtins
import gc
import typing
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from ..bundle.manifest import Skipped
from ..errors import DamagedBundleError
from ..host.installed_modules import only_installed
from ..trust import trust_advice
from .failures import DamagedGraphError
from .graph.decode_order import Decoded, Making, decode, make_all
from .graph.decoder import Decoder
from .group import GRAPH, Bytes, Group, Memory, only
from .interpreter_limits import no_collection
from .namespace import is_reserved
from .pickles import pickling
from .pickles.code_listing import contents

_Replace = Callable[[Collection[str], Any], Any] | None

_SHOWN = 6

_NOTHING = object()

_RESERVED = "it would replace an object of Python or the notebook that has this name"

_ADVICE = "Its stored value is unchanged: resolve this, then load again."


@dataclass
class Restored:
    """Outcome of restoring some groups.

    Attributes
    ----------
    values : dict of str to object
        The restored values, by name.
    failed : list of Skipped
        Variables that could not be made, with reasons.
    waiting : list of Skipped
        Variables that need trust, and what they would run.
    """

    values: dict[str, Any] = field(default_factory=dict)
    failed: list[Skipped] = field(default_factory=list)
    waiting: list[Skipped] = field(default_factory=list)


def restore(
    groups: Iterable[Group],
    namespace: dict[str, Any],
    *,
    trusted: bool,
    partly: bool = False,
    wanted: Collection[str] | None = None,
    tidy: bool = True,
    replace: _Replace = None,
) -> Restored:
    """Make all variables of some groups; the namespace is the same afterwards.

    Parameters
    ----------
    groups : iterable of Group
        Arrays live in their buffers, without a copy.
    namespace : dict
        The notebook's: the globals of its functions.
    trusted : bool
        Whether pickles are loaded.
    partly : bool, optional
        Whether a damaged variable fails alone instead of raising an error.
    wanted : collection of str, optional
        Names that code of the notebook finds while its objects are made; by default all.
    tidy : bool, optional
        Whether to release classes that were made in part.
    replace : callable, optional
        Gets the names of an object and the object; returns the one to use instead.

    Raises
    ------
    DamagedBundleError
        If a group is malformed.
    """
    restored = Restored()
    with no_collection(), nullcontext() if trusted else only_installed():
        if trusted:
            found, has_failed = _trusted(
                list(groups), namespace, wanted, partly=partly, replace=replace
            )
            if has_failed and tidy:
                release_partial_classes()
        else:
            found = _untrusted(groups, namespace, partly=partly, replace=replace)
    for group, decoded in found:
        if not trusted:
            _hold_back_reserved(decoded, namespace)
        restored.values |= decoded.values
        restored.failed += [
            Skipped(name, reason, _ADVICE, f"variables/{name}")
            for name, reason in decoded.failed.items()
        ]
        restored.waiting += [
            Skipped(name, _what_runs(reason, group), trust_advice(), f"variables/{name}")
            for name, reason in decoded.waiting.items()
        ]
    return restored


def _untrusted(
    groups: Iterable[Group], namespace: dict[str, Any], *, partly: bool, replace: _Replace
) -> list[tuple[Group, Decoded]]:
    make = _partly_decoded if partly else _decoded
    return [(group, make(group, namespace, trusted=False, replace=replace)) for group in groups]


def _trusted(
    groups: list[Group],
    namespace: dict[str, Any],
    wanted: Collection[str] | None,
    *,
    partly: bool,
    replace: _Replace,
) -> tuple[list[tuple[Group, Decoded]], bool]:
    """Make groups together: code in one may use names of others."""
    try:
        making = [
            Making(each, _decoder(each, namespace, trusted=True, replace=replace))
            for each in groups
        ]
        has_failed = make_all(making, namespace, wanted)
    except DamagedBundleError:
        if not partly:
            raise
        found = [
            (each, _partly_decoded(each, namespace, trusted=True, replace=replace))
            for each in groups
        ]
        return found, True
    return [(each.group, each.decoded) for each in making], has_failed


def release_partial_classes() -> None:
    """Release classes that were made in part: ``__subclasses__()`` of their bases has them."""
    for clear in getattr(typing, "_cleanups", ()):
        # `typing` caches what was in square brackets.
        clear()
    gc.collect()


def _hold_back_reserved(decoded: Decoded, namespace: dict[str, Any]) -> None:
    """Move names that other code relies on to those that need trust."""
    for name, value in list(decoded.values.items()):
        if not is_reserved(name, namespace) or getattr(builtins, name, _NOTHING) is value:
            continue
        del decoded.values[name]
        decoded.waiting[name] = _RESERVED


def _partly_decoded(
    group: Group, namespace: dict[str, Any], *, trusted: bool, replace: _Replace = None
) -> Decoded:
    """Make the variables of a group that can be made, even if its graph is malformed."""
    failed: dict[str, str] = {}
    try:
        return _decoded(group, namespace, trusted=trusted, replace=replace)
    except DamagedBundleError as error:
        reason = _reason(error)
    for name in group.names:
        try:
            _decoded(_only(group, [name]), namespace, trusted=trusted)
        except DamagedBundleError as error:
            failed[name] = _reason(error)
        except ValueError:
            failed[name] = reason
    rest = [name for name in group.names if name not in failed]
    decoded = Decoded()
    if rest:
        try:
            # Together, because they may share objects.
            decoded = _decoded(_only(group, rest), namespace, trusted=trusted, replace=replace)
        except DamagedBundleError:
            failed = dict.fromkeys(group.names, reason)
    decoded.failed |= failed
    return decoded


def _only(group: Group, names: Sequence[str]) -> Group:
    return replace(group, names=tuple(names), document=only(group.document, names))


def _reason(error: DamagedBundleError) -> str:
    return error.reason if isinstance(error, DamagedGraphError) else str(error)


def _decoded(
    group: Group, namespace: dict[str, Any], *, trusted: bool, replace: _Replace = None
) -> Decoded:
    return decode(_decoder(group, namespace, trusted=trusted, replace=replace))


def _decoder(
    group: Group, namespace: dict[str, Any], *, trusted: bool, replace: _Replace = None
) -> Decoder:
    buffers = [memoryview(_memory(data)).cast("B") for data in group.buffers]
    decoder = Decoder(
        group.document,
        buffers,
        lambda number, resolve: pickling.load(
            group.pickles[number], resolve, namespace, buffers=lambda n: buffers[n]
        ),
        namespace,
        trusted=trusted,
        label=f"variables/{group.key}/{GRAPH}",
        replace=replace,
    )
    if set(decoder.graph.names) != set(group.names):
        raise decoder.fail("it has other names than the manifest says")
    return decoder


def _memory(data: Bytes) -> Bytes:
    # A plain bytearray could be a variable, and arrays on it would be stored as sharing it.
    return Memory(data) if type(data) is bytearray else data


def _what_runs(reason: str, group: Group) -> str:
    if reason:
        return reason
    found = [contents(data) for data in group.pickles]
    runs = sorted({name for each in found for name in each.globals if not _is_known(name)})
    code = sorted({source.name for each in found for source in each.sources})
    texts = [f"import and may call {_listed(runs)}"] if runs else []
    texts += [f"bring the code of {_listed(code)}"] if code else []
    texts += ["bring code without its source"] if any(each.bytecode for each in found) else []
    return f"it would {' and '.join(texts)}" if texts else "it would run code"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _is_known(name: str) -> bool:
    """Tell whether a name is a built-in type or one of litestate's own functions for pickles."""
    module, _, rest = name.partition(".")
    if module == "builtins":
        return isinstance(getattr(builtins, rest, None), type)
    return name.startswith("litestate.variables.")
